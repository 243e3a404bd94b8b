"""What can be done with orders: each function is one transaction."""

from collections.abc import Sequence
from uuid import UUID

from uuid_utils.compat import uuid7

from ..chassis.tables import now
from ..chassis.unit_of_work import UnitOfWork
from ..chassis.versions import Expected
from . import changes
from .domain import Line, Order
from .repository import Orders


async def place_order(
    unit: UnitOfWork,
    *,
    customer: str,
    currency: str,
    lines: Sequence[Line],
    note: str | None = None,
) -> Order:
    at = now()
    order = Order(
        id=uuid7(),
        customer=customer,
        currency=currency,
        lines=tuple(lines),
        note=note,
        placed_at=at,
        changed_at=at,
    )
    async with unit:
        Orders(unit.session).add(order)
        changes.record(unit, "order_placed", after=order.facts(), order=order)
    return order


async def change_order(
    unit: UnitOfWork,
    *,
    order_id: UUID,
    customer: str,
    lines: Sequence[Line] | None,
    note: str | None,
    expected: Expected,
) -> Order:
    async with unit:
        orders = Orders(unit.session)
        order = await _current(orders, order_id, customer, expected)
        before = order.facts()
        order.change(lines=lines, note=note, at=now())
        await orders.save(order)
        changes.record(unit, "order_changed", before=before, after=order.facts(), order=order)
    return order


async def cancel_order(
    unit: UnitOfWork, *, order_id: UUID, customer: str, expected: Expected
) -> Order:
    async with unit:
        orders = Orders(unit.session)
        order = await _current(orders, order_id, customer, expected)
        before = order.facts()
        order.cancel(at=now())
        await orders.save(order)
        changes.record(unit, "order_cancelled", before=before, after=order.facts(), order=order)
    return order


async def delete_order(
    unit: UnitOfWork, *, order_id: UUID, customer: str, expected: Expected
) -> None:
    async with unit:
        orders = Orders(unit.session)
        order = await _current(orders, order_id, customer, expected)
        order.must_be_deletable()
        await orders.delete(order)
        changes.record(unit, "order_deleted", before=order.facts(), order=order)


async def _current(orders: Orders, order_id: UUID, customer: str, expected: Expected) -> Order:
    order = await orders.get(order_id)
    order.must_belong_to(customer)
    expected.check(order.version)
    return order
