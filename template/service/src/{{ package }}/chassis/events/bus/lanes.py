# Sealed: an update replaces this file.
"""A lane handles what one partition of a topic holds, in order."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from .clients import ended
from .port import Handle, Message

log = structlog.get_logger()

DRAIN_SECONDS = 10.0
_BACK_OFF = (0.1, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    topic: str
    group: str
    handle: Handle

    @property
    def name(self) -> str:
        return f"{self.topic}/{self.group}"


@dataclass(frozen=True, slots=True)
class Delivery:
    message: Message
    acknowledge: Callable[[], Awaitable[None]]


class Source(Protocol):
    """What a broker has for one partition."""

    async def take(self) -> Delivery:
        """The next message, however long that takes. May be cancelled."""

    async def close(self) -> None:
        """Gives back what was taken but not acknowledged."""


class Lane:
    """One message after the other: a failed one is tried again before the next one's turn."""

    def __init__(self, source: Source, handle: Handle, *, failed: Callable[[], None]) -> None:
        self._source = source
        self._handle = handle
        self._failed = failed
        self._busy = False
        self._ends = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def stop(self, *, within: float = DRAIN_SECONDS) -> None:
        """Lets the message in hand end, but no longer than that."""
        self._ends.set()
        if self._busy and within:
            await asyncio.wait({self._task}, timeout=within)
        self._task.cancel()
        await asyncio.wait({self._task})
        await ended(self._source.close())

    async def _run(self) -> None:
        try:
            while not self._ends.is_set():
                delivery = await self._source.take()
                self._busy = True
                if await self._handled(delivery.message):
                    await delivery.acknowledge()
                self._busy = False
        except BaseException as error:
            if not self._ends.is_set():
                log.warning("bus_lane_failed", error=type(error).__name__)
                self._failed()
            if not isinstance(error, Exception):
                raise

    async def _handled(self, message: Message) -> bool:
        pause, longest = _BACK_OFF
        while True:
            try:
                await self._handle(message)
            except Exception as error:  # noqa: BLE001 - the bus delivers again, whatever it was
                log.warning("event_not_handled", error=type(error).__name__, event_id=message.id)
            else:
                return True
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._ends.wait()
                return False
            pause = min(2 * pause, longest)
            message = replace(message, attempt=message.attempt + 1)
