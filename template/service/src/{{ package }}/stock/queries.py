"""Reads stock and reservations for answers: columns to JSON, with no objects in between."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from ..chassis.database import Database
from ..chassis.errors import NotFoundError
from ..chassis.paging import Keyset
from .tables import ItemRow, ReservationRow

_ITEM = ItemRow.__table__.c
_ITEMS = select(*_ITEM, (_ITEM.on_hand - _ITEM.reserved).label("available"))
# Built once, as building a query costs as much as running it.
_ONE_ITEM = _ITEMS.where(ItemRow.sku == bindparam("sku"))
_RESERVATION = select(*ReservationRow.__table__.columns).where(
    ReservationRow.order_id == bindparam("order_id")
)
_BY_SKU = Keyset("sku", _ITEM.sku, _ITEM.sku)


class UnknownSkuError(NotFoundError):
    pass


class ReservationNotFoundError(NotFoundError):
    pass


async def read_item(database: Database, *, sku: str) -> dict[str, Any]:
    rows = await database.rows(_ONE_ITEM, sku=sku)
    if not rows:
        raise UnknownSkuError("nobody has counted this article")
    return dict(rows[0])


async def list_items(
    database: Database, *, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page, and the cursor of the next one; raises InvalidCursorError."""
    rows = await database.rows(_BY_SKU.page(_ITEMS, after=cursor, limit=limit))
    return _BY_SKU.split(rows, limit)


async def read_reservation(database: Database, *, order_id: UUID) -> dict[str, Any]:
    rows = await database.rows(_RESERVATION, order_id=order_id)
    if not rows:
        raise ReservationNotFoundError("nothing was heard of this order")
    return dict(rows[0])
