# Sealed: an update replaces this file.
"""What people want of a saga: written down with their name, and granted by who drives it."""

from uuid import UUID

from .. import audit
from ..errors import ConflictError, NotFoundError
from ..unit_of_work import UnitOfWork
from .engine import current
from .places import APPROVE, CANCEL, DECLINE, RESUME
from .tables import SagaRow, State

_FITTING = {
    APPROVE: (State.WAITING,),
    DECLINE: (State.WAITING,),
    CANCEL: (State.RUNNING, State.WAITING),
    RESUME: (State.RUNNING, State.COMPENSATING, State.STUCK),
}


class SagaNotFoundError(NotFoundError):
    def __init__(self) -> None:
        super().__init__("there is no such saga")


class WishUnfittingError(ConflictError):
    """The saga is not in a state in which this can be done."""


async def approve(unit: UnitOfWork, saga_id: UUID) -> SagaRow:
    return await _wish(unit, saga_id, APPROVE)


async def decline(unit: UnitOfWork, saga_id: UUID) -> SagaRow:
    return await _wish(unit, saga_id, DECLINE)


async def cancel(unit: UnitOfWork, saga_id: UUID) -> SagaRow:
    """Before the next step, and undo what was done; too late after the point of no return."""
    return await _wish(unit, saga_id, CANCEL)


async def resume(unit: UnitOfWork, saga_id: UUID) -> SagaRow:
    """Make the next attempt now."""
    return await _wish(unit, saga_id, RESUME)


async def _wish(unit: UnitOfWork, saga_id: UUID, wish: str) -> SagaRow:
    """Raises SagaNotFoundError and WishUnfittingError. Granted within a second or so."""
    async with unit:
        saga = await unit.session.get(SagaRow, saga_id, with_for_update=True)
        if saga is None:
            raise SagaNotFoundError
        if saga.state not in _FITTING[wish]:
            raise WishUnfittingError(f"it is {saga.state}: there is nothing to {wish}")
        if saga.wish not in (None, RESUME, wish):
            raise WishUnfittingError(f"somebody was faster, and wants to {saga.wish} it")
        saga.wish = wish
        before = {"state": saga.state, "step": saga.step}
        audit.record(
            unit.session, action=f"saga_{wish}", entity="saga", entity_id=saga_id, before=before
        )
        unit.after_commit(lambda: _tell(saga_id))
    return saga


def _tell(saga_id: UUID) -> None:
    """At once, where it is driven here; other processes look every second."""
    if (engine := current()) is not None:
        engine.nudge(saga_id)
