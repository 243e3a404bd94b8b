"""What stock does when it hears of something."""

from dataclasses import asdict

from ..chassis.events import Event, Handlers, Incoming, UnitOfWork
from . import use_cases
from .domain import Cause, Reservation, State
from .events import (
    Line,
    Missing,
    OrderCancelled,
    OrderPlaced,
    OutOfStock,
    PaymentFailed,
    PaymentTaken,
    StockReleased,
    StockReserved,
)

handlers = Handlers()
# Each `alone` in its transaction, with the stock of one order: so all lock it in the same order.


@handlers.on(OrderPlaced, alone=True)
async def reserve(event: OrderPlaced, unit: UnitOfWork, _: Incoming) -> None:
    """Every order is answered; one that is sent again gets the same answer."""
    lines = [line.to_line() for line in event.lines]
    reservation, _is_new = await use_cases.reserve(unit, order_id=event.order_id, lines=lines)
    unit.emit(_answer(event, reservation))


@handlers.on(PaymentTaken, alone=True)
async def confirm(event: PaymentTaken, unit: UnitOfWork, _: Incoming) -> None:
    reason = "it was paid, but nothing is reserved for it"
    await use_cases.settle(unit, order_id=event.order_id, cause=Cause.PAID, reason=reason)


@handlers.on(PaymentFailed, alone=True)
async def undo(event: PaymentFailed, unit: UnitOfWork, _: Incoming) -> None:
    reason = f"the payment failed: {event.reason}"
    await use_cases.settle(unit, order_id=event.order_id, cause=Cause.FAILED, reason=reason)


@handlers.on(OrderCancelled, alone=True)
async def release(event: OrderCancelled, unit: UnitOfWork, _: Incoming) -> None:
    reason = "the order was cancelled"
    await use_cases.settle(unit, order_id=event.order_id, cause=Cause.CANCELLED, reason=reason)


def _answer(event: OrderPlaced, reservation: Reservation) -> Event:
    if reservation.state is State.REFUSED:
        missing = [Missing(**asdict(each)) for each in reservation.missing]
        return OutOfStock(order_id=event.order_id, customer=event.customer, missing=missing)
    if reservation.state is State.RELEASED:
        return StockReleased(order_id=event.order_id, reason="the order was undone before")
    return StockReserved(
        order_id=event.order_id,
        customer=event.customer,
        currency=event.currency,
        total=event.total,
        lines=[Line(**asdict(line)) for line in reservation.lines],
    )
