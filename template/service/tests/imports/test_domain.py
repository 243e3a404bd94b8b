"""Which rows are taken, and where an import goes on."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from .conftest import domain

GOOD = {"sku": "TEA-1", "name": "Oolong", "price": "4.50"}


@pytest.mark.parametrize(
    ("price", "cents"), [("4.50", 450), ("0", 0), ("1e2", 100_00), ("100000", 100_000_00)]
)
def test_prices_are_kept_in_cents(price: str, cents: int) -> None:
    assert domain.to_product({**GOOD, "price": price}).price == cents


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sku", ""),
        ("sku", "tea"),
        ("sku", "T" * 33),
        ("name", " "),
        ("name", "two\nlines"),
        ("price", ""),
        ("price", "NaN"),
        ("price", "Infinity"),
        ("price", "0.005"),
        ("price", "-1"),
        ("price", "100000.01"),
        ("price", "1e999999"),
    ],
)
def test_a_row_that_breaks_a_rule_is_rejected(column: str, value: str) -> None:
    with pytest.raises(domain.RowRejectedError):
        domain.to_product({**GOOD, column: value})


@pytest.mark.parametrize(
    "file", ["", "/etc/passwd", "../secret.csv", "a/../../b", "a\x00b", "c\\d"]
)
def test_a_file_outside_the_folder_has_no_name(file: str) -> None:
    with pytest.raises(domain.FileNameError):
        domain.check_name(file)


def test_a_file_that_was_written_again_is_read_from_its_first_row() -> None:
    asked = domain.Import(id=uuid4(), file="a.csv", requested_at=datetime.now(UTC))
    assert asked.begin("first")
    asked.take(domain.Chunk(products=(), rejections=(), lines=10))

    assert not asked.begin("first")
    assert asked.lines == 10
    assert asked.begin("second")
    assert asked.lines == 0
