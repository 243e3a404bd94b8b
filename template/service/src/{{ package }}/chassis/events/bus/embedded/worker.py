# Sealed: an update replaces this file.
"""Works through one partition, one message after the other."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import TypeVar

import structlog

from ..port import BusUnavailableError, Handle, Message
from . import log as log_
from . import members
from .file import LogFile
from .log import Claim, Entry, LostError

T = TypeVar("T")
log = structlog.get_logger()

_FIRST_RETRY_SECONDS, _LAST_RETRY_SECONDS = 0.1, 5.0


@dataclass
class Worker:
    """`in_hand` bounds what the process has in hand of the topic: another one may have to wait."""

    file: LogFile
    claim: Claim
    handle: Handle
    in_hand: asyncio.Semaphore
    reads: int
    retry_seconds: float
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    _retires: asyncio.Event = field(default_factory=asyncio.Event)

    def retire(self) -> None:
        """Lets what is in hand end, and gives the partition back."""
        self._retires.set()
        self.woken.set()

    async def run(self) -> None:
        try:
            while not self._retires.is_set():
                self.woken.clear()
                entries = await self._patiently(self._read)
                await (self._work_through(entries) if entries else self.woken.wait())
            await self.file.write(partial(members.release, claims=[self.claim]))
        except LostError:
            log.warning("partition_lost", topic=self.claim.topic, slot=self.claim.slot)
        except BusUnavailableError:
            log.warning("partition_not_given_back", topic=self.claim.topic, slot=self.claim.slot)

    async def _work_through(self, entries: list[Entry]) -> None:
        attempt = 0
        for entry, following in pairwise((*entries, None)):
            assert entry
            if not await self._is_handled(entry, attempt):
                return
            begins = following is not None and not self._retires.is_set()
            await self._patiently(partial(self._acknowledge, entry, begins=begins))
            if not begins:
                return
            attempt = 1

    async def _is_handled(self, entry: Entry, attempt: int) -> bool:
        """False when the worker retires between two attempts."""
        delay = _FIRST_RETRY_SECONDS
        while True:
            async with self.in_hand:
                if self._retires.is_set() and not attempt:
                    return False
                attempt = attempt or await self._patiently(self._begin)
                if await self._handles(entry, attempt):
                    return True
            if await self._retires_within(delay):
                return False
            attempt, delay = 0, min(2 * delay, _LAST_RETRY_SECONDS)

    async def _handles(self, entry: Entry, attempt: int) -> bool:
        message = Message(
            topic=self.claim.topic, key=entry.key, id=entry.id, body=entry.body, attempt=attempt
        )
        try:
            await self.handle(message)
        except Exception as error:  # noqa: BLE001 - whatever it is, it comes again
            log.warning(
                "event_not_handled", event_id=entry.id, attempt=attempt, error=type(error).__name__
            )
            return False
        return True

    async def _retires_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._retires.wait()
        return self._retires.is_set()

    async def _read(self) -> list[Entry]:
        return await self.file.read(partial(log_.read, claim=self.claim, limit=self.reads))

    async def _begin(self) -> int:
        return await self.file.write(partial(log_.begin, claim=self.claim))

    async def _acknowledge(self, entry: Entry, *, begins: bool) -> None:
        position = entry.position
        work = partial(log_.acknowledge, claim=self.claim, position=position, begins=begins)
        await self.file.write(work)

    async def _patiently(self, step: Callable[[], Awaitable[T]]) -> T:
        """Until the file answers; raises LostError, and BusUnavailableError when it retires."""
        while True:
            try:
                return await step()
            except BusUnavailableError as error:
                log.warning("bus_unavailable", error=str(error))
                if await self._retires_within(self.retry_seconds):
                    raise
