# Sealed: an update replaces this file.
"""Equal reads at once are one call; its answer is kept for a moment, and longer in case of need."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from ..errors import DomainError
from . import deadline
from .clock import CLOCK, Clock
from .errors import BadGatewayError, UpstreamTimeoutError, UpstreamUnavailableError

T = TypeVar("T")
_NOT_THERE = (BadGatewayError, UpstreamTimeoutError, UpstreamUnavailableError)


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What was read; `age` in seconds. A stale one stands in for an upstream that fails."""

    value: T
    age: float = 0.0
    stale: bool = False


class SharedReads(Generic[T]):
    """Keys must hold everything that the answer depends on: above all, who asks."""

    def __init__(
        self,
        *,
        fresh_seconds: float,
        stale_seconds: float,
        call_seconds: float = 30.0,
        most: int = 1000,
        clock: Clock = CLOCK,
    ) -> None:
        self._fresh, self._stale, self._call = fresh_seconds, stale_seconds, call_seconds
        self._most, self._clock = most, clock
        self._kept: dict[Hashable, tuple[float, T]] = {}
        self._under_way: dict[Hashable, asyncio.Task[T]] = {}

    async def get(
        self, key: Hashable, read: Callable[[], Awaitable[T]], *, seconds: float = float("inf")
    ) -> Reading[T]:
        """Waits for so long; raises what `read` raised where nothing was kept that would do."""
        kept = self._reading(key)
        if kept is not None and not kept.stale:
            return kept
        try:
            async with asyncio.timeout(max(0.0, min(seconds, deadline.remaining()))):
                return Reading(await asyncio.shield(self._shared(key, read)))
        except TimeoutError:
            failure: DomainError = UpstreamTimeoutError("a service that this needs took too long")
        except _NOT_THERE as error:
            failure = error
        if kept is None:
            raise failure
        return kept

    def _reading(self, key: Hashable) -> Reading[T] | None:
        if key not in self._kept:
            return None
        at, value = self._kept[key]
        age = self._clock.now() - at
        if age > self._fresh + self._stale:
            return None
        return Reading(value, age, stale=age > self._fresh)

    def _shared(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        task = self._under_way.get(key)
        if task is None:
            # Not bound to the patience of the first who asks: others wait for the same answer.
            context = copy_context()
            patient = replace(deadline.current.get(), ends=deadline.ends_in(self._call))
            context.run(deadline.current.set, patient)
            task = asyncio.create_task(self._read(key, read), context=context)
            task.add_done_callback(_seen)
            self._under_way[key] = task
        return task

    async def _read(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        try:
            value = await read()
            self._kept.pop(key, None)
            while len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = (self._clock.now(), value)
            return value
        finally:
            del self._under_way[key]


def _seen(task: asyncio.Task[T]) -> None:
    """All who waited may have left: then nobody else looks at the exception."""
    if not task.cancelled():
        task.exception()
