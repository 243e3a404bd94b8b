# Sealed: an update replaces this file.
"""Works on jobs: claims what is due, keeps its leases, and lets go of everything at the end."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from uuid import uuid4

import structlog

from ..database import Database
from ..errors import DomainError
from ..lifecycle import Lifecycle, repeated
from . import figures, retention, schedule, waking
from .attempt import Attempts
from .handlers import Handlers
from .lease import Claim
from .run import Run
from .settings import JobsSettings
from .store import Store

log = structlog.get_logger()

_LONGEST_SILENCE = 5.0
_MEASURE_SECONDS = 10.0
_PURGE_SECONDS = 3600.0


class Worker:
    """One for each process."""

    def __init__(
        self, database: Database, settings: JobsSettings, attempts: Attempts, state: Lifecycle
    ) -> None:
        self.handlers = Handlers()
        self._database, self._settings, self._state = database, settings, state
        self._attempts = attempts
        self._lease = settings.jobs_visibility_seconds
        owner = f"{socket.gethostname()[:64]}:{os.getpid()}:{uuid4().hex[:8]}"
        self._store = Store(database, self.handlers.by_name, owner=owner, lease=self._lease)
        self._woken = waking.sleeper()
        self._running: dict[asyncio.Task[None], Run] = {}
        self._silence = min(self._lease / 4, _LONGEST_SILENCE)
        self._more = False
        self._renew_at = self._over_at = 0.0
        self._next: dict[str, float] = {}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Leases are kept until the last job has ended or was given back."""
        async with repeated(_careful(self._beat), seconds=min(self._silence, 1.0)):
            async with AsyncExitStack() as stack:
                for step, seconds in self._steps():
                    await stack.enter_async_context(repeated(_careful(step), seconds=seconds))
                look = _careful(self._look)
                poll = self._settings.jobs_poll_seconds
                await stack.enter_async_context(repeated(look, seconds=poll, woken=self._woken))
                yield
            await self._drain()

    def _steps(self) -> list[tuple[Callable[[], Awaitable[None]], float]]:
        measure = partial(figures.measure, self._database, self.handlers.by_name)
        purge = partial(retention.purge, self._database, self._settings)
        return [
            (self._tick, self._settings.jobs_poll_seconds),
            (measure, _MEASURE_SECONDS),
            (purge, _PURGE_SECONDS),
        ]

    async def _look(self) -> None:
        if self._free() and time.monotonic() >= self._over_at:
            self._over_at = time.monotonic() + self._settings.jobs_poll_seconds
            for claim in await self._store.over():
                await self._attempts.over(claim, self.handlers.by_name[claim.name])
        while (free := self._free()) and (self._more or await self._store.anything()):
            claims = await self._store.claim(most=free)
            self._more = len(claims) == free
            for claim in claims:
                self._begin(claim)
            if not claims:
                return

    def _free(self) -> int:
        if self._state.draining:
            return 0
        return self._settings.jobs_concurrency - len(self._running)

    def _begin(self, claim: Claim) -> None:
        run = Run(claim, self._database, lease=self._lease)
        task = asyncio.create_task(self._attempts.make(run, self.handlers.by_name[claim.name]))
        self._running[task] = run
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its lease will run out, and then it is somebody's again.
            log.error("job_not_recorded", error=type(error).__name__)
        self._woken.set()

    async def _beat(self) -> None:
        for run in list(self._running.values()):
            if run.expired:
                run.stop("lost")
        runs = {run.id: run for run in self._running.values() if run.stopped is None}
        if runs and time.monotonic() >= self._renew_at:
            kept = await self._store.renew([(run.id, run.attempt) for run in runs.values()])
            self._renew_at = time.monotonic() + self._silence
            for job_id, run in runs.items():
                _heed(run, kept.get(job_id))
        for run in list(self._running.values()):
            await run.tell()

    async def _tick(self) -> None:
        for each in self.handlers.schedules:
            if time.time() >= self._next.get(each.name, 0.0) and not self._state.draining:
                following = await schedule.tick(self._database, each)
                self._next[each.name] = following.timestamp()

    async def _drain(self) -> None:
        """What is in hand may end; what does not end in time is given back at once."""
        if not self._running:
            return
        log.info("jobs_draining", jobs=len(self._running))
        await asyncio.wait(self._running, timeout=self._settings.shutdown_seconds)
        for run in self._running.values():
            run.stop("stopping")
        if self._running:
            await asyncio.wait(self._running, timeout=_LONGEST_SILENCE)


def _heed(run: Run, cancelled: bool | None) -> None:
    if cancelled is None:
        # It may have been finished while we asked.
        if not run.finished:
            run.stop("lost")
    elif cancelled:
        run.stop("cancelled")
    else:
        run.renewed()


def _careful(step: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    async def careful() -> None:
        try:
            await step()
        except Exception as error:
            known = isinstance(error, DomainError)
            log.warning("jobs_step_failed", error=type(error).__name__, exc_info=not known)

    return careful
