"""What can be done with stock: each function is one transaction."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from ..chassis import audit
from ..chassis.events import UnitOfWork
from ..chassis.tables import now
from .domain import Cause, Item, Line, Move, Reservation
from .events import StockReleased
from .repository import Items, Reservations

log = structlog.get_logger()


async def count(unit: UnitOfWork, *, sku: str, on_hand: int) -> tuple[Item, bool]:
    """Say how many there are; true if they were never counted before."""
    async with unit:
        items = Items(unit.session)
        item, is_new = await items.counted(sku)
        before = {"on_hand": item.on_hand}
        item.count(on_hand)
        await items.save([item])
        audit.record(
            unit.session,
            action="stock_counted",
            entity="stock",
            entity_id=sku,
            before=None if is_new else before,
            after={"on_hand": on_hand},
        )
    return item, is_new


async def reserve(
    unit: UnitOfWork, *, order_id: UUID, lines: Sequence[Line]
) -> tuple[Reservation, bool]:
    """All lines or none; the reservation says which. True if this is what reserved them.

    A refusal is an answer and is remembered: sent again, an order is answered the same.
    """
    async with unit:
        reservations, items = Reservations(unit.session), Items(unit.session)
        reservation = await reservations.of(order_id, at=now())
        before = reservation.facts()
        shelf = await items.locked({line.sku for line in lines})
        move = reservation.order(lines, shelf, at=now())
        await items.save(shelf.values())
        await reservations.save(reservation)
        _tell(unit, reservation, move, before, reason="it was paid, but is out of stock")
    return reservation, reservation.state != before["state"]


async def settle(unit: UnitOfWork, *, order_id: UUID, cause: Cause, reason: str) -> Reservation:
    """The order was paid, could not be paid, or was cancelled; `reason` is for the others."""
    async with unit:
        reservations, items = Reservations(unit.session), Items(unit.session)
        reservation = await reservations.of(order_id, at=now())
        before = reservation.facts()
        shelf = await items.locked({line.sku for line in reservation.lines})
        move = reservation.settle(cause, shelf, at=now())
        await items.save(shelf.values())
        await reservations.save(reservation)
        _tell(unit, reservation, move, before, reason=reason)
    return reservation


def _tell(
    unit: UnitOfWork, reservation: Reservation, move: Move, before: dict[str, object], reason: str
) -> None:
    """Others by an event; the audit log with the transaction, the service's log after it."""
    if move.undone:
        unit.emit(StockReleased(order_id=reservation.order_id, reason=reason))
    after = reservation.facts()
    if after == before:
        return
    action = f"reservation_{reservation.state}"
    audit.record(
        unit.session,
        action=action,
        entity="reservation",
        entity_id=reservation.order_id,
        before=before,
        after=after,
    )
    unit.after_commit(lambda: log.info(action, order_id=str(reservation.order_id)))
