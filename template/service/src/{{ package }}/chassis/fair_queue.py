# Sealed: an update replaces this file.
"""A fair queue in front of a connection pool."""

import asyncio

from .faults import DatabaseUnavailableError


class FairQueue:
    """Lets `size` in at a time, in the order in which they came.

    The pool wakes whoever waits for a connection, but lets newcomers take it first:
    under load some requests wait many times longer than others.
    """

    def __init__(self, size: int, *, wait_seconds: float) -> None:
        self._free = asyncio.Semaphore(size)
        self._wait_seconds = wait_seconds

    async def take(self) -> None:
        """Raises DatabaseUnavailableError when the turn does not come in time."""
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise DatabaseUnavailableError("no connection became free in time") from None

    def give(self) -> None:
        self._free.release()
