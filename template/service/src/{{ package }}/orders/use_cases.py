"""What can be done with orders: each function is one transaction."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from ..chassis import audit
from ..chassis.tables import now
from ..chassis.unit_of_work import UnitOfWork
from ..chassis.versions import Expected
from .domain import Line, Order
from .repository import Orders

log = structlog.get_logger()


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
        _record(unit, "order_placed", after=order.facts(), order=order)
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
        _record(unit, "order_changed", before=before, after=order.facts(), order=order)
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
        _record(unit, "order_cancelled", before=before, after=order.facts(), order=order)
    return order


async def delete_order(
    unit: UnitOfWork, *, order_id: UUID, customer: str, expected: Expected
) -> None:
    async with unit:
        orders = Orders(unit.session)
        order = await _current(orders, order_id, customer, expected)
        order.must_be_deletable()
        await orders.delete(order)
        _record(unit, "order_deleted", before=order.facts(), order=order)


async def _current(orders: Orders, order_id: UUID, customer: str, expected: Expected) -> Order:
    order = await orders.get(order_id)
    order.must_belong_to(customer)
    expected.check(order.version)
    return order


def _record(
    unit: UnitOfWork,
    action: str,
    *,
    order: Order,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """In the audit log with the transaction, and in the service's log once it is committed."""
    audit.record(
        unit.session,
        action=action,
        entity="order",
        entity_id=order.id,
        before=before,
        after=after,
    )
    unit.after_commit(lambda: log.info(action, order_id=str(order.id), total=order.total))
