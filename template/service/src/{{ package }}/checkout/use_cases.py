"""What can be done with checkouts: each function is one transaction."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from ..chassis import audit, sagas
from ..chassis.tables import now
from ..chassis.unit_of_work import UnitOfWork
from .domain import Checkout, Line
from .repository import Checkouts
from .saga import CHECKOUT

log = structlog.get_logger()


async def place_checkout(
    unit: UnitOfWork, *, customer: str, currency: str, lines: Sequence[Line]
) -> Checkout:
    """The checkout and the start of its saga: both, or neither."""
    checkout = Checkout(
        id=uuid7(), customer=customer, currency=currency, lines=tuple(lines), placed_at=now()
    )
    async with unit:
        Checkouts(unit.session).add(checkout)
        sagas.start(unit, CHECKOUT, saga_id=checkout.id, data=checkout.facts())
        audit.record(
            unit.session,
            action="checkout_placed",
            entity="checkout",
            entity_id=checkout.id,
            after=checkout.facts(),
        )
        unit.after_commit(lambda: log.info("checkout_placed", checkout_id=str(checkout.id)))
    return checkout


async def approve(unit: UnitOfWork, *, checkout_id: UUID) -> None:
    await sagas.approve(unit, checkout_id)


async def decline(unit: UnitOfWork, *, checkout_id: UUID) -> None:
    await sagas.decline(unit, checkout_id)


async def resume(unit: UnitOfWork, *, checkout_id: UUID) -> None:
    await sagas.resume(unit, checkout_id)


async def cancel(unit: UnitOfWork, *, checkout_id: UUID) -> None:
    await sagas.cancel(unit, checkout_id)
