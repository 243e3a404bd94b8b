"""Finds and stores orders: the only place that knows rows and orders."""

from dataclasses import asdict
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from .domain import Line, Order, OrderNotFoundError, Status
from .tables import OrderRow


class Orders:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, order: Order) -> None:
        row = OrderRow(id=order.id, version=order.version)
        _write(order, row)
        self._session.add(row)

    async def get(self, order_id: UUID) -> Order:
        """The order, locked until the transaction ends: who changes it waits in line."""
        row = await self._session.get(OrderRow, order_id, with_for_update=True)
        if row is None:
            raise OrderNotFoundError
        return _to_order(row)

    async def save(self, order: Order) -> None:
        """Raises ConcurrentChangeError if somebody else was faster."""
        row = await self._session.get_one(OrderRow, order.id)
        _write(order, row)
        row.version = order.version = order.version + 1
        await self._session.flush()

    async def delete(self, order: Order) -> None:
        await self._session.delete(await self._session.get_one(OrderRow, order.id))
        await self._session.flush()


def _write(order: Order, row: OrderRow) -> None:
    row.customer = order.customer
    row.status = order.status
    row.currency = order.currency
    row.lines = [asdict(line) for line in order.lines]
    row.note = order.note
    row.total = order.total
    row.placed_at = order.placed_at
    row.changed_at = order.changed_at


def _to_order(row: OrderRow) -> Order:
    return Order(
        id=row.id,
        customer=row.customer,
        currency=row.currency,
        lines=tuple(Line(**line) for line in row.lines),
        note=row.note,
        status=Status(row.status),
        placed_at=row.placed_at,
        changed_at=row.changed_at,
        version=row.version,
    )
