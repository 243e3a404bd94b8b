"""The rules of products, without anything around them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from .conftest import domain

AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def tea() -> domain.Product:
    return domain.Product(
        id=UUID(int=1),
        sku="TEA-1",
        name="Assam",
        description="",
        category="tea",
        price=450,
        added_at=AT,
        changed_at=AT,
    )


def test_a_price_is_remembered_when_another_follows(tea: domain.Product) -> None:
    changed = tea.reprice(390, at=LATER)

    assert changed
    assert (tea.price, tea.was, tea.changed_at) == (390, 450, LATER)


def test_the_same_price_is_no_change(tea: domain.Product) -> None:
    assert not tea.reprice(450, at=LATER)

    assert (tea.was, tea.changed_at) == (None, AT)


def test_a_product_is_published_once(tea: domain.Product) -> None:
    tea.publish(at=LATER)

    with pytest.raises(domain.AlreadyPublishedError):
        tea.publish(at=LATER)


def test_only_what_is_published_can_be_withdrawn(tea: domain.Product) -> None:
    with pytest.raises(domain.NotPublishedError, match="draft"):
        tea.withdraw(at=LATER)


def test_a_withdrawn_product_can_be_published_again(tea: domain.Product) -> None:
    tea.publish(at=AT)
    tea.withdraw(at=AT)

    tea.publish(at=LATER)

    assert (tea.status, tea.published_at) == (domain.Status.PUBLISHED, LATER)


def test_searches_do_not_care_for_case() -> None:
    assert domain.search_text("ÄPFEL", "Straße") == "äpfel strasse"
