# Sealed: an update replaces this file.
"""Bulkhead: an upstream that hangs holds a bounded number of our requests, not all."""

import asyncio

from .errors import BulkheadFullError
from .metrics import IN_FLIGHT, REFUSED, WAITING


class Bulkhead:
    """So many calls at a time, so many that wait, and so long."""

    def __init__(self, name: str, *, concurrency: int, queue: int, queue_seconds: float) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._queue, self._seconds = queue, queue_seconds
        self._waiting = 0
        self._in_flight = IN_FLIGHT.labels(name)
        self._queued = WAITING.labels(name)
        self._refused = REFUSED.labels(name, "bulkhead_full")

    async def enter(self) -> None:
        """Raises BulkheadFullError; else `leave` has to follow."""
        await self._wait()
        self._in_flight.inc()

    def leave(self) -> None:
        self._in_flight.dec()
        self._slots.release()

    async def _wait(self) -> None:
        if not self._slots.locked():
            await self._slots.acquire()  # without a wait
            return
        if self._waiting >= self._queue:
            raise self._full()
        self._waiting += 1
        self._queued.inc()
        try:
            async with asyncio.timeout(self._seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise self._full() from None
        finally:
            self._waiting -= 1
            self._queued.dec()

    def _full(self) -> BulkheadFullError:
        self._refused.inc()
        return BulkheadFullError("a service that this needs is busy")
