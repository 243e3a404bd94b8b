# Sealed: an update replaces this file.
"""The history of sagas in the service's database: what people see, and what is done once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ..database import Database
from ..errors import UnavailableError
from ..tables import now
from ..unit_of_work import UnitOfWork
from .metrics import ENDED
from .places import CANCEL, DECISIONS, RESUME, Entry, Place, pause
from .tables import UNKNOWN, SagaRow, SagaStepRow, State

log = structlog.get_logger()
T = TypeVar("T")
_LONGEST_PAUSE = 5.0
_AT_ONCE = 4  # of the connections, of which requests need some too


class Journal:
    """Writes until the database takes it: a saga waits for a database that is away."""

    def __init__(self, database: Database, *, executor: str) -> None:
        self._database, self._executor = database, executor
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def load(self, saga_id: UUID) -> SagaRow:
        async def act(session: AsyncSession) -> SagaRow:
            return await session.get_one(SagaRow, saga_id)

        return await self._written(act)

    async def begin(self, place: Place, *, seconds: float) -> Entry:
        """Begin a step, or go on with it; `seconds` is what the whole saga may take."""

        async def act(session: AsyncSession) -> Entry:
            saga = await session.get_one(SagaRow, place.saga_id, with_for_update=True)
            step = await session.get(SagaStepRow, (place.saga_id, place.number))
            at = now()
            saga.began_at = saga.began_at or at
            saga.deadline_at = saga.deadline_at or saga.accepted_at + timedelta(seconds=seconds)
            if step is None:
                step = _new(place, at)
                session.add(step)
            if step.ended_at is None:
                saga.step, saga.state, saga.executor = place.name, place.state, self._executor
                if (saga.reason or "").startswith(UNKNOWN):
                    saga.reason = str(saga.reason).partition("; ")[2] or None
                _go_on(step, too_late=_too_late(saga, at) if place.guarded else None, at=at)
            return _entry(step, saga.deadline_at)

        return await self._written(act)

    async def note(self, place: Place, *, attempts: int, error: str, state: State) -> None:
        """An attempt failed, and another one is to come."""

        async def act(session: AsyncSession) -> None:
            step = await session.get_one(SagaStepRow, (place.saga_id, place.number))
            if step.ended_at is None:
                step.attempts, step.error = attempts, error[:200]
            change = update(SagaRow).where(SagaRow.id == place.saga_id)
            change = change.where(SagaRow.state != state)
            await session.execute(change.values(state=state))

        await self._written(act)

    async def end(self, place: Place, state: str, *, error: str | None = None) -> dict[str, Any]:
        """What came of a step, which is what was written first: another may have been faster."""

        async def act(session: AsyncSession) -> dict[str, Any]:
            saga = await session.get_one(SagaRow, place.saga_id, with_for_update=True)
            step = await session.get_one(SagaStepRow, (place.saga_id, place.number))
            if step.ended_at is None:
                step.state, step.ended_at = state, now()
                step.error = error[:200] if error else step.error
                saga.wish = None if saga.wish in DECISIONS else saga.wish
            return _entry(step, saga.deadline_at or now()).outcome

        return await self._written(act)

    async def turn_back(self, saga_id: UUID, reason: str) -> None:
        """From here on, what was done is undone."""

        async def act(session: AsyncSession) -> None:
            saga = await session.get_one(SagaRow, saga_id, with_for_update=True)
            saga.state, saga.wish = State.COMPENSATING, None
            saga.reason = saga.reason or reason[:250]

        await self._written(act)

    async def finish(self, saga_id: UUID, state: State) -> str:
        async def act(session: AsyncSession) -> SagaRow:
            saga = await session.get_one(SagaRow, saga_id, with_for_update=True)
            if saga.ended_at is None:
                saga.state, saga.ended_at, saga.step, saga.wish = state, now(), None, None
            return saga

        saga = await self._written(act)
        seconds = ((saga.ended_at or now()) - saga.accepted_at).total_seconds()
        ENDED.labels(saga.name, saga.state).observe(seconds)
        log.info("saga_ended", saga=saga.name, saga_id=str(saga_id), state=str(saga.state))
        return str(saga.state)

    async def wish(self, saga_id: UUID) -> str | None:
        async def act(session: AsyncSession) -> str | None:
            return await session.scalar(select(SagaRow.wish).where(SagaRow.id == saga_id))

        return await self._written(act)

    async def resumed(self, saga_id: UUID) -> None:
        """It was tried again, as somebody wished."""

        async def act(session: AsyncSession) -> None:
            this = update(SagaRow).where(SagaRow.id == saga_id, SagaRow.wish == RESUME)
            await session.execute(this.values(wish=None))

        await self._written(act)

    async def _written(self, act: Callable[[AsyncSession], Awaitable[T]]) -> T:
        for attempt in count():
            try:
                async with self._turns, (unit := UnitOfWork(self._database)):
                    return await act(unit.session)
            except UnavailableError:
                log.warning("saga_waits_for_the_database", attempt=attempt + 1)
            except Exception:
                log.exception("saga_not_written", attempt=attempt + 1)
            await asyncio.sleep(pause(attempt, longest=_LONGEST_PAUSE))
        raise AssertionError


def _new(place: Place, at: datetime) -> SagaStepRow:
    return SagaStepRow(
        saga_id=place.saga_id,
        number=place.number,
        name=place.name,
        kind=place.kind,
        state="running",
        attempts=0,
        started_at=at,
    )


def _go_on(step: SagaStepRow, *, too_late: str | None, at: datetime) -> None:
    if too_late is None:
        step.attempts += 1
    else:
        step.state, step.ended_at = too_late, at


def _too_late(saga: SagaRow, at: datetime) -> str | None:
    if saga.wish == CANCEL:
        return "cancelled"
    return "expired" if saga.deadline_at is not None and at >= saga.deadline_at else None


def _entry(step: SagaStepRow, deadline_at: datetime) -> Entry:
    return Entry(
        state=step.state,
        attempts=step.attempts,
        started_at=step.started_at,
        ended=step.ended_at is not None,
        error=step.error,
        deadline_at=deadline_at,
    )
