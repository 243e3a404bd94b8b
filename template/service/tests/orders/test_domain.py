"""The rules of orders, without anything around them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..conftest import domain

AT = datetime(2026, 1, 1, tzinfo=UTC)
LINES = st.lists(
    st.builds(
        domain.Line,
        sku=st.from_regex(r"[A-Z]{3}-[0-9]{2}", fullmatch=True),
        quantity=st.integers(1, 9),
        unit_price=st.integers(0, 1000),
    ),
    min_size=1,
    unique_by=lambda line: line.sku,
)


def order(*lines: domain.Line) -> domain.Order:
    return domain.Order(
        id=UUID(int=1), customer="alice", currency="EUR", lines=lines, placed_at=AT, changed_at=AT
    )


@given(LINES)
def test_the_total_is_the_sum_of_the_lines(lines: list[domain.Line]) -> None:
    assert order(*lines).total == sum(line.quantity * line.unit_price for line in lines)


@given(LINES, LINES)
def test_a_change_replaces_all_lines(before: list[domain.Line], after: list[domain.Line]) -> None:
    changed = order(*before)

    changed.change(lines=after, note=None, at=AT)

    assert changed.lines == tuple(after)


def test_a_refused_change_changes_nothing() -> None:
    tea = domain.Line(sku="TEA-1", quantity=1, unit_price=100)
    placed = order(tea)

    with pytest.raises(domain.DuplicateSkuError):
        placed.change(lines=[tea, tea], note="twice", at=AT)

    assert placed.lines == (tea,)
    assert placed.note is None


def test_an_order_has_lines() -> None:
    with pytest.raises(domain.EmptyOrderError):
        order()


def test_an_order_of_somebody_else_is_not_there() -> None:
    placed = order(domain.Line(sku="TEA-1", quantity=1, unit_price=100))

    placed.must_belong_to("alice")
    with pytest.raises(domain.OrderNotFoundError):
        placed.must_belong_to("mallory")


def test_an_order_is_cancelled_once() -> None:
    placed = order(domain.Line(sku="TEA-1", quantity=1, unit_price=100))
    placed.cancel(at=AT)

    with pytest.raises(domain.OrderClosedError, match="cancelled"):
        placed.cancel(at=AT)
