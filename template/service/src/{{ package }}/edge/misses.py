"""Equal requests that the cache cannot answer yet: one asks the upstream, the others wait."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .cache import Key, key_of, owner_of
from .visit import Visit


class Misses:
    def __init__(self) -> None:
        self._asked: defaultdict[Key, dict[object, asyncio.Event]] = defaultdict(dict)

    async def wait(self, visit: Visit) -> bool:
        """Until the answer for this very caller is there, or is known not to be kept.

        False where nobody asks for it.
        """
        answered = self._asked.get(key_of(visit), {}).get(owner_of(visit))
        if answered is None:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(visit.route.part.timeout_seconds):
                await answered.wait()
        return True

    @contextmanager
    def asking(self, visit: Visit) -> Iterator[asyncio.Event]:
        """Whoever sets the event, and the end of the block, lets those who wait go on."""
        key, owner, answered = key_of(visit), owner_of(visit), asyncio.Event()
        first = self._asked[key].setdefault(owner, answered) is answered
        try:
            yield answered
        finally:
            answered.set()
            owners = self._asked.get(key, {})
            if first and owners.get(owner) is answered:
                del owners[owner]
            if not owners:
                self._asked.pop(key, None)

    def forget(self, visit: Visit) -> None:
        """What is on its way is older than the change that was just made: nobody joins it."""
        self._asked.pop(key_of(visit), None)
