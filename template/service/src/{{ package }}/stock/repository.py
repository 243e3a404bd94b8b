"""Finds and stores stock and reservations: the only place that knows rows and both."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from .domain import Item, Line, Missing, Reservation, State
from .tables import ItemRow, ReservationRow


class Items:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def locked(self, skus: Iterable[str]) -> dict[str, Item]:
        """Those that were ever counted, locked in one order everywhere: nobody deadlocks."""
        query = select(ItemRow).where(ItemRow.sku.in_(sorted(skus))).order_by(ItemRow.sku)
        query = query.with_for_update().execution_options(populate_existing=True)
        rows = await self._session.scalars(query)
        return {row.sku: _to_item(row) for row in rows}

    async def counted(self, sku: str) -> tuple[Item, bool]:
        """The item, locked, and whether it is new."""
        values = {"sku": sku, "on_hand": 0, "reserved": 0}
        is_new = await _made(self._session, ItemRow, values)
        return (await self.locked([sku]))[sku], is_new

    async def save(self, items: Iterable[Item]) -> None:
        for item in items:
            row = await self._session.get_one(ItemRow, item.sku)
            row.on_hand, row.reserved = item.on_hand, item.reserved
        await self._session.flush()


class Reservations:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of(self, order_id: UUID, *, at: datetime) -> Reservation:
        """That of the order, locked.

        It is stored before anything is known of it: of two who hear of an order at the same
        time, one waits and then sees what the other did.
        """
        values = {"order_id": order_id, "state": State.NEW, "lines": [], "missing": []}
        await _made(self._session, ReservationRow, {**values, "changed_at": at})
        row = await self._session.get_one(
            ReservationRow, order_id, with_for_update=True, populate_existing=True
        )
        return _to_reservation(row)

    async def save(self, reservation: Reservation) -> None:
        row = await self._session.get_one(ReservationRow, reservation.order_id)
        row.state = reservation.state
        row.lines = [asdict(line) for line in reservation.lines]
        row.missing = [asdict(each) for each in reservation.missing]
        row.changed_at = reservation.changed_at
        await self._session.flush()


async def _made(
    session: AsyncSession, row: type[ItemRow] | type[ReservationRow], values: dict[str, object]
) -> bool:
    """Whether it was not there yet."""
    postgresql = session.get_bind().dialect.name == "postgresql"
    insert = (insert_postgresql if postgresql else insert_sqlite)(row)
    made = await session.execute(insert.values(values).on_conflict_do_nothing())
    return bool(made.rowcount)  # type: ignore[attr-defined]


def _to_item(row: ItemRow) -> Item:
    return Item(sku=row.sku, on_hand=row.on_hand, reserved=row.reserved)


def _to_reservation(row: ReservationRow) -> Reservation:
    return Reservation(
        order_id=row.order_id,
        state=State(row.state),
        lines=tuple(Line(**line) for line in row.lines),
        missing=tuple(Missing(**each) for each in row.missing),
        changed_at=row.changed_at,
    )
