# Sealed: an update replaces this file.
"""Looks after the sagas of all instances: heartbeats, takeovers, wishes, what was left lying."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy import Float, delete, func, literal_column, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ColumnElement

from ..database import Database
from ..tables import now
from ..unit_of_work import UnitOfWork
from .definition import queue_of
from .metrics import OPEN as GAUGE
from .metrics import TAKEN_OVER
from .settings import SagasSettings
from .tables import OPEN, UNKNOWN, SagaExecutorRow, SagaRow, State

log = structlog.get_logger()

_NOW = {
    "postgresql": "extract(epoch FROM clock_timestamp())",
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
}
_LEFT = timedelta(seconds=5)
_BATCH = 500
_SELDOM = 10


class Engine(Protocol):
    """What the keeper may ask of the process."""

    queues: list[str]

    async def recover(self, executor: str) -> int: ...
    async def enqueue(self, queue: str, saga_id: UUID) -> None: ...
    async def forget(self) -> None: ...
    def nudge(self, saga_id: UUID) -> None: ...
    def let_go(self) -> None: ...


class Keeper:
    def __init__(
        self,
        database: Database,
        settings: SagasSettings,
        engine: Engine,
        *,
        executor: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._engine, self._executor = database, engine, executor
        self._dead_seconds, self._clock = settings.sagas_dead_seconds, clock
        self._beaten = clock()
        self._registered = self._let_go = False
        self._looks = 0
        self._measured: set[tuple[str, str]] = set()

    async def look(self) -> None:
        """Once a second or so; raises nothing."""
        try:
            async with asyncio.timeout(self._dead_seconds / 2):
                await self._beat()
                await self._take_over()
                await self._hear()
                if self._looks % _SELDOM == 0:
                    await self._tidy()
                self._looks += 1
        except Exception as error:  # noqa: BLE001 - the next look is another try
            log.warning("sagas_not_looked_after", error=type(error).__name__)
        if self._clock() - self._beaten > self._dead_seconds and not self._let_go:
            # By now the others take this process for dead.
            log.warning("sagas_let_go", reason="no heartbeat could be written")
            self._engine.let_go()
            self._let_go = True

    async def leave(self) -> None:
        """The others need not wait until this process counts as dead."""
        async with (unit := UnitOfWork(self._database)):
            mine = update(SagaExecutorRow).where(SagaExecutorRow.executor == self._executor)
            await unit.session.execute(mine.values(seen_at=0.0))

    async def _beat(self) -> None:
        row = SagaExecutorRow
        mine = update(row).where(row.executor == self._executor, row.taken_by.is_(None))
        async with (unit := UnitOfWork(self._database)):
            beat = await unit.session.execute(mine.values(seen_at=self._seconds(unit.session)))
            alive = bool(beat.rowcount)  # type: ignore[attr-defined]
            if not alive:
                await self._register(unit.session)
        self._beaten = self._clock()
        if self._registered and (self._let_go or not alive):
            log.warning("sagas_taken_back", reason="this process was taken for dead")
            self._engine.let_go()
            await self._engine.recover(self._executor)
        self._registered, self._let_go = True, False

    async def _register(self, session: AsyncSession) -> None:
        old = delete(SagaExecutorRow).where(SagaExecutorRow.executor == self._executor)
        await session.execute(old)
        seen = await session.scalar(select(self._seconds(session)))
        queues = self._engine.queues
        session.add(SagaExecutorRow(executor=self._executor, seen_at=seen, knows=queues))

    async def _take_over(self) -> None:
        row = SagaExecutorRow
        for executor in await self._claimed():
            count = await self._engine.recover(executor)
            async with (unit := UnitOfWork(self._database)):
                gone = delete(row).where(row.executor == executor)
                await unit.session.execute(gone.where(row.taken_by == self._executor))
            TAKEN_OVER.inc()
            log.warning("sagas_taken_over", executor=executor, sagas=count)

    async def _claimed(self) -> list[str]:
        """The dead, each claimed by one process; it is claimed anew where that one dies too."""
        row = SagaExecutorRow
        async with (unit := UnitOfWork(self._database)):
            dead = row.seen_at < self._seconds(unit.session) - self._dead_seconds
            # Those whom another is about to claim are not waited for.
            found = select(row.executor).where(dead, row.executor != self._executor)
            locked = await unit.session.scalars(found.with_for_update(skip_locked=True))
            executors = list(locked)
            if executors:
                claim = update(row).where(row.executor.in_(executors))
                seen = self._seconds(unit.session)
                await unit.session.execute(claim.values(taken_by=self._executor, seen_at=seen))
        return executors

    async def _hear(self) -> None:
        query = select(SagaRow.id).where(SagaRow.wish.is_not(None)).limit(_BATCH)
        for row in await self._database.rows(query):
            self._engine.nudge(row["id"])

    async def _tidy(self) -> None:
        await self._start_what_was_left()
        await self._tell_unknown_versions()
        await self._measure()
        await self._engine.forget()

    async def _start_what_was_left(self) -> None:
        """Accepted, but the process died before it could say so to DBOS."""
        query = select(SagaRow.id, SagaRow.name, SagaRow.version).where(
            SagaRow.state == State.RUNNING,
            SagaRow.began_at.is_(None),
            SagaRow.accepted_at < now() - _LEFT,
        )
        for row in await self._database.rows(query.limit(_BATCH)):
            queue = queue_of(row["name"], row["version"])
            if queue in self._engine.queues:
                await self._engine.enqueue(queue, row["id"])

    async def _tell_unknown_versions(self) -> None:
        known = await self._database.rows(select(SagaExecutorRow.knows))
        queues = {queue for row in known for queue in row["knows"]}
        kinds = select(SagaRow.name, SagaRow.version).where(SagaRow.state.in_(OPEN)).distinct()
        for kind in await self._database.rows(kinds):
            if queue_of(kind["name"], kind["version"]) in queues:
                continue
            this = tuple_(SagaRow.name, SagaRow.version) == (kind["name"], kind["version"])
            lost = update(SagaRow).where(this, SagaRow.state.in_(OPEN))
            why = f"{UNKNOWN} {kind['version']} of `{kind['name']}`"
            reason = func.coalesce(f"{why}; " + SagaRow.reason, why)
            async with (unit := UnitOfWork(self._database)):
                told = lost.where(SagaRow.state != State.STUCK)
                done = await unit.session.execute(told.values(state=State.STUCK, reason=reason))
            if done.rowcount:  # type: ignore[attr-defined]
                log.error("saga_version_unknown", saga=kind["name"], version=kind["version"])

    async def _measure(self) -> None:
        groups = select(SagaRow.name, SagaRow.state, func.count().label("sagas"))
        groups = groups.where(SagaRow.state.in_(OPEN)).group_by(SagaRow.name, SagaRow.state)
        rows = await self._database.rows(groups)
        now_open = {(row["name"], row["state"]): row["sagas"] for row in rows}
        self._measured |= now_open.keys()
        for name, state in self._measured:
            GAUGE.labels(name, state).set(now_open.get((name, state), 0))

    def _seconds(self, session: AsyncSession) -> ColumnElement[float]:
        return literal_column(_NOW[session.get_bind().dialect.name], Float)
