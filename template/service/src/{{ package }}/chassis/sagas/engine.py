# Sealed: an update replaces this file.
"""What drives sagas in this process, from the start of the service to its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import structlog

from .. import context, lifecycle
from ..database import Database
from .definition import Saga
from .journal import Journal
from .keeper import Keeper
from .running import Run, Surroundings
from .settings import SagasSettings

log = structlog.get_logger()

_RETRY_SECONDS = 1.0
_LETTING_GO_SECONDS = 5.0
_current: "Engine | None" = None


def current() -> "Engine | None":
    """DBOS is one for a process, and so is this."""
    return _current


class Engine:
    def __init__(
        self, database: Database, settings: SagasSettings, sagas: list[Saga], resources: Any
    ) -> None:
        self.executor = uuid4().hex
        self.sagas = {(saga.name, saga.version): saga for saga in sagas}
        self.queues = [saga.queue for saga in sagas]
        self._database, self._settings, self._resources = database, settings, resources
        self._runs: dict[UUID, Run] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ends, self._ended = asyncio.Event(), asyncio.Event()
        self._launched = False
        self._durable: ModuleType
        self._around: Surroundings

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Where the database is away, the service starts all the same, and this goes on trying."""
        global _current
        if _current is not None:  # another application in this process: the newest has it
            await _current.close()
        _current = self
        self._prepare()
        await self._launch()
        serving = asyncio.create_task(self._serve())
        try:
            yield
        finally:
            await self.close()
            await serving
            if _current is self:
                _current = None

    async def close(self) -> None:
        self._ends.set()
        await self._ended.wait()

    def _prepare(self) -> None:
        from . import durable  # DBOS comes with it, which few commands need

        durable.prepare(self._settings)
        durable.driver = self._drive
        self._durable = durable
        journal = Journal(self._database, executor=self.executor)
        slots = asyncio.Semaphore(self._settings.sagas_concurrency)
        self._around = Surroundings(self._database, self._settings, journal, slots, durable.step)

    async def _launch(self) -> None:
        try:
            await self._database.check()  # so that what blocks the loop has no reason to wait
            await self._durable.launch(self._settings, executor=self.executor, queues=self.queues)
        except Exception as error:  # noqa: BLE001 - the database may be away, in many words
            log.warning("sagas_not_launched", error=type(error).__name__)
            with suppress(Exception):
                await self._durable.shut_down()
        else:
            self._launched = True
            log.info("sagas_launched", executor=self.executor, queues=self.queues)

    async def _serve(self) -> None:
        try:
            while not self._launched and not await self._ends_within(_RETRY_SECONDS):
                await self._launch()
            if self._launched:
                await self._keep()
        finally:
            self._ended.set()

    async def _keep(self) -> None:
        keeper = Keeper(self._database, self._settings, self, executor=self.executor)
        seconds = min(1.0, self._settings.sagas_dead_seconds / 5)
        async with lifecycle.repeated(keeper.look, seconds=seconds):
            await self._ends.wait()
        await self._stop()
        with suppress(Exception):
            await keeper.leave()

    async def _stop(self) -> None:
        """What is in hand is left to the next process: each step has a key, and may be repeated."""
        self._durable.expect_the_end()
        self.let_go()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LETTING_GO_SECONDS)
        await self._durable.shut_down()

    async def _ends_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ends.wait()
        return self._ends.is_set()

    async def _drive(self, saga_id: UUID) -> str:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        row = await self._around.journal.load(saga_id)
        context.current.set(context.RequestContext(row.request_id, row.trace_id))
        run = Run(row, self.sagas[row.name, row.version], self._resources, self._around)
        self._runs[saga_id] = run
        try:
            return await run.drive()
        finally:
            if self._runs.get(saga_id) is run:
                del self._runs[saga_id]

    def start(self, queue: str, saga_id: UUID) -> None:
        """Soon; if this process dies before, another one does it."""
        if self._launched and not self._ends.is_set():
            task = asyncio.create_task(self._started(queue, saga_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _started(self, queue: str, saga_id: UUID) -> None:
        try:
            await self.enqueue(queue, saga_id)
        except Exception as error:  # noqa: BLE001 - it is looked for
            log.warning("saga_not_started_yet", error=type(error).__name__)

    async def enqueue(self, queue: str, saga_id: UUID) -> None:
        await self._durable.enqueue(queue, saga_id)

    async def recover(self, executor: str) -> int:
        found: int = await self._durable.recover(executor)
        return found

    async def forget(self) -> None:
        await self._durable.forget()

    def nudge(self, saga_id: UUID) -> None:
        if (run := self._runs.get(saga_id)) is not None:
            run.nudged.set()

    def let_go(self) -> None:
        """Drive nothing more of what is in hand; it stays as it is, for whoever takes it up."""
        for task in self._tasks:
            task.cancel()
