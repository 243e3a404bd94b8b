# Sealed: an update replaces this file.
"""The subscriptions of one process: it takes its share of the partitions and works through them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from sqlite3 import Connection

import structlog

from .... import lifecycle
from ..port import BusSettings, BusUnavailableError, Handle
from . import log as log_
from . import members
from .file import LogFile, Places
from .log import Claim
from .worker import Worker

log = structlog.get_logger()

DRAIN_SECONDS = 8.0
_RENEW_SECONDS = 2.0
_PURGE_SECONDS = 60.0


@dataclass
class _Subscription:
    topic: str
    group: str
    handle: Handle
    in_hand: asyncio.Semaphore
    workers: dict[int, tuple[Worker, "asyncio.Task[None]"]] = field(default_factory=dict)


class Consumers:
    def __init__(self, file: LogFile, settings: BusSettings, *, member: str) -> None:
        self.moved = asyncio.Event()
        self._file = file
        self._settings = settings
        self._member = member
        self._subscriptions: list[_Subscription] = []
        self._purges_at = 0.0

    def add(self, topic: str, group: str, handle: Handle) -> None:
        in_hand = asyncio.Semaphore(self._settings.events_prefetch)
        self._subscriptions.append(_Subscription(topic, group, handle, in_hand))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        seconds = _RENEW_SECONDS if self._subscriptions else _PURGE_SECONDS
        try:
            async with lifecycle.repeated(self._keep_up, seconds=seconds, woken=self.moved):
                yield
        finally:
            await self._drain()

    def wake(self, places: Places) -> None:
        for each in self._subscriptions:
            for slot, (worker, _) in each.workers.items():
                if (each.topic, slot) in places:
                    worker.woken.set()

    async def _keep_up(self) -> None:
        try:
            for each in self._subscriptions:
                await self._attend(each)
            if time.monotonic() >= self._purges_at:
                work = partial(log_.purge, days=self._settings.events_days)
                more = await self._file.write(work)
                self._purges_at = time.monotonic() + (0 if more else _PURGE_SECONDS)
        except BusUnavailableError as error:
            log.warning("bus_unavailable", error=str(error))

    async def _attend(self, subscription: _Subscription) -> None:
        work = partial(
            members.attend,
            topic=subscription.topic,
            group=subscription.group,
            member=self._member,
            partitions=self._settings.events_partitions,
        )
        mine, surplus = await self._file.write(work)
        for slot, (_, task) in subscription.workers.items():
            if slot not in mine:
                task.cancel()
        for slot in sorted(mine - subscription.workers.keys()):
            self._start(subscription, slot)
        for worker, _ in list(subscription.workers.values())[::-1][:surplus]:
            worker.retire()

    def _start(self, subscription: _Subscription, slot: int) -> None:
        worker = Worker(
            file=self._file,
            claim=Claim(subscription.topic, subscription.group, slot, self._member),
            handle=subscription.handle,
            in_hand=subscription.in_hand,
            reads=max(1, self._settings.events_prefetch // self._settings.events_partitions),
            retry_seconds=self._settings.events_poll_seconds,
        )
        task = asyncio.create_task(worker.run())
        subscription.workers[slot] = worker, task

        def ended(task: "asyncio.Task[None]") -> None:
            del subscription.workers[slot]
            if not task.cancelled() and (error := task.exception()):
                log.error("consumer_failed", topic=subscription.topic, exc_info=error)

        task.add_done_callback(ended)

    async def _drain(self) -> None:
        """Partitions are given back one by one, each as soon as nothing of it is in hand."""
        pairs = [pair for each in self._subscriptions for pair in each.workers.values()]
        await self._say(partial(members.leave, member=self._member))
        for worker, _ in pairs:
            worker.retire()
        tasks = [task for _, task in pairs]
        if tasks:
            await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
        late = [worker.claim for worker, task in pairs if task.cancel()]
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._say(partial(members.release, claims=late))

    async def _say(self, work: Callable[[Connection], None]) -> None:
        if self._subscriptions:
            with suppress(BusUnavailableError):
                await self._file.write(work)
