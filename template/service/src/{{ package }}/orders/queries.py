"""Reads orders for answers: columns to JSON, with no objects in between."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from ..chassis.database import Database
from ..chassis.paging import Keyset
from .domain import OrderNotFoundError, Status
from .tables import OrderRow

_COLUMNS = select(*OrderRow.__table__.columns)
# Built once, as building a query costs as much as running it.
_ONE = _COLUMNS.where(OrderRow.id == bindparam("id"), OrderRow.customer == bindparam("customer"))


class Sort(StrEnum):
    OLDEST = "placed_at"
    NEWEST = "-placed_at"
    CHEAPEST = "total"
    DEAREST = "-total"


_KEYSETS = {
    sort: Keyset(
        sort.value,
        OrderRow.__table__.c[sort.value.removeprefix("-")],
        OrderRow.__table__.c.id,
        descending=sort.value.startswith("-"),
    )
    for sort in Sort
}


async def read_order(database: Database, *, order_id: UUID, customer: str) -> dict[str, Any]:
    rows = await database.rows(_ONE, id=order_id, customer=customer)
    if not rows:
        raise OrderNotFoundError
    return dict(rows[0])


async def list_orders(
    database: Database,
    *,
    customer: str,
    status: Status | None,
    sort: Sort,
    limit: int,
    cursor: str | None,
) -> tuple[list[dict[str, Any]], str | None]:
    """A page, and the cursor of the next one; raises InvalidCursorError."""
    query = _COLUMNS.where(OrderRow.customer == customer)
    if status is not None:
        query = query.where(OrderRow.status == status)
    keyset = _KEYSETS[sort]
    rows = await database.rows(keyset.page(query, after=cursor, limit=limit))
    return keyset.split(rows, limit)
