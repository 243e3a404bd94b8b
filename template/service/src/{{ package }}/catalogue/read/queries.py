"""Questions to the read model: what is published, filtered, sorted, counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Table, func, select

from ...chassis.paging import Keyset
from ..domain import ProductNotFoundError, Status
from .model import ReadModel

_MOST_CATEGORIES = 100


class Sort(StrEnum):
    NEWEST = "-published_at"
    CHEAPEST = "price"
    DEAREST = "-price"
    NAME = "name"
    REDUCED = "-reduced_by"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """`text`: every word of it occurs. Prices are in cents, both ends included."""

    text: str | None = None
    category: str | None = None
    price_from: int | None = None
    price_to: int | None = None

    def conditions(self, table: Table, *, any_category: bool = False) -> list[ColumnElement[bool]]:
        columns = table.c
        words = (self.text or "").casefold().split()
        found = [
            columns.status == Status.PUBLISHED,
            *(columns.search.contains(word, autoescape=True) for word in words),
        ]
        if self.category is not None and not any_category:
            found.append(columns.category == self.category)
        if self.price_from is not None:
            found.append(columns.price >= self.price_from)
        if self.price_to is not None:
            found.append(columns.price <= self.price_to)
        return found


async def read_product(model: ReadModel, *, product_id: UUID) -> dict[str, Any]:
    columns = model.table.c
    query = select(*columns).where(columns.id == product_id, columns.status == Status.PUBLISHED)
    rows = await model.rows(query)
    if not rows:
        raise ProductNotFoundError
    return dict(rows[0])


async def search(
    model: ReadModel, *, filters: Filters, sort: Sort, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page, and the cursor of the next one; raises InvalidCursorError."""
    keyset = _keyset(model.table, sort)
    query = select(*model.table.c).where(*filters.conditions(model.table))
    rows = await model.rows(keyset.page(query, after=cursor, limit=limit))
    return keyset.split(rows, limit)


async def categories(model: ReadModel, *, filters: Filters) -> Sequence[RowMapping]:
    """How many of those that fit are in each category, whichever is chosen."""
    category, count = model.table.c.category, func.count().label("count")
    conditions = filters.conditions(model.table, any_category=True)
    query = select(category.label("value"), count).where(*conditions).group_by(category)
    return await model.rows(query.order_by(count.desc(), category).limit(_MOST_CATEGORIES))


def _keyset(table: Table, sort: Sort) -> Keyset:
    column = table.c[sort.value.removeprefix("-")]
    return Keyset(sort.value, column, table.c.id, descending=sort.value.startswith("-"))
