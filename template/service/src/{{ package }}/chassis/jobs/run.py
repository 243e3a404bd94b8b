# Sealed: an update replaces this file.
"""A job at work: its transactions and its progress."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from ..database import Database
from ..unit_of_work import UnitOfWork
from . import clock
from .lease import Claim, LeaseLostError, end, mine, over
from .tables import JobRow, State


class Run:
    """What a job is done with. All that it changes goes through `step()` and `finish()`."""

    def __init__(self, claim: Claim, database: Database, *, lease: float) -> None:
        self.claim, self.finished = claim, False
        self.stopped: str | None = None
        self.task: asyncio.Task[None] | None = None
        self._database, self._lease = database, lease
        self._progress: dict[str, Any] = {}
        self.renewed()

    @property
    def id(self) -> UUID:
        return self.claim.id

    @property
    def attempt(self) -> int:
        """Counts from one, over all processes."""
        return self.claim.attempt

    def step(self) -> UnitOfWork:
        """A transaction on the way: it commits only while the job is in this hand."""
        return _Guarded(self._database, self._keep)

    def finish(self) -> UnitOfWork:
        """The last transaction: the job is done with its commit, and only once."""
        return _Guarded(self._database, self._complete)

    def progress(self, done: int, *, total: int | None = None, message: str = "") -> None:
        """Shown to whoever asks; written with the next step, or within a second."""
        told = {"done": done, "message": message[:200]}
        self._progress = {**self._progress, **told, **({} if total is None else {"total": total})}

    def stop(self, why: str) -> None:
        """From outside: `lost`, `cancelled` or `stopping`."""
        if self.stopped is None and self.task is not None:
            self.stopped = why
            self.task.cancel()

    def renewed(self) -> None:
        self._until = time.monotonic() + self._lease

    @property
    def expired(self) -> bool:
        return time.monotonic() >= self._until

    async def tell(self) -> None:
        """Write the progress down, if there is some that was not written."""
        if told := self._progress:
            async with UnitOfWork(self._database) as unit:
                await unit.session.execute(mine(self.claim).values(**told))
            self._told(told)

    def _told(self, told: dict[str, Any]) -> None:
        if self._progress is told:
            self._progress = {}

    async def _keep(self, unit: UnitOfWork) -> None:
        told = self._progress
        lease = clock.moment(unit.session, seconds=self._lease)
        change = mine(self.claim).values(lease_until=lease, **told).returning(JobRow.cancel)
        kept = (await unit.session.execute(change)).first()
        if kept is None or kept.cancel:
            self.stopped = self.stopped or ("lost" if kept is None else "cancelled")
            raise LeaseLostError("the job is in other hands")
        unit.after_commit(self.renewed)
        unit.after_commit(lambda: self._told(told))

    async def _complete(self, unit: UnitOfWork) -> None:
        await end(unit.session, self.claim, **over(unit.session, State.DONE), **self._progress)
        unit.after_commit(self._finished)

    def _finished(self) -> None:
        self.finished = True


class _Guarded(UnitOfWork):
    """The guard comes last, so that the lock on the job is held for a moment only."""

    def __init__(self, database: Database, guard: Callable[[UnitOfWork], Awaitable[None]]) -> None:
        super().__init__(database)
        self._guard = guard

    async def _end(self, error: BaseException | None) -> None:
        if not self._failed:
            await self._guard(self)
        await super()._end(error)
