"""Questions to the read model: what is published, filtered, sorted, counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, RowMapping, Table, func, select

from ...chassis.paging import Keyset
from ..domain import ProductNotFoundError, Status
from .model import ReadModel
from .schema import relation

_MOST_CATEGORIES = 100
_ANY = relation("catalogue")


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
    def question(table: Table) -> Executable:
        columns = table.c
        return select(*columns).where(columns.id == product_id, columns.status == Status.PUBLISHED)

    rows = await model.rows(question)
    if not rows:
        raise ProductNotFoundError
    return dict(rows[0])


async def search(
    model: ReadModel, *, filters: Filters, sort: Sort, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page, and the cursor of the next one; raises InvalidCursorError."""

    def question(table: Table) -> Executable:
        query = select(*table.c).where(*filters.conditions(table))
        return _keyset(table, sort).page(query, after=cursor, limit=limit)

    rows = await model.rows(question)
    return _keyset(_ANY, sort).split(rows, limit)


async def categories(model: ReadModel, *, filters: Filters) -> Sequence[RowMapping]:
    """How many of those that fit are in each category, whichever is chosen."""

    def question(table: Table) -> Executable:
        category, count = table.c.category, func.count().label("count")
        conditions = filters.conditions(table, any_category=True)
        query = select(category.label("value"), count).where(*conditions).group_by(category)
        return query.order_by(count.desc(), category).limit(_MOST_CATEGORIES)

    return await model.rows(question)


def _keyset(table: Table, sort: Sort) -> Keyset:
    column = table.c[sort.value.removeprefix("-")]
    return Keyset(sort.value, column, table.c.id, descending=sort.value.startswith("-"))
