# Sealed: an update replaces this file.
"""Time and chance as the calls see them; tests bring their own."""

import asyncio
import random
import time


class Clock:
    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def chance(self) -> float:
        """From 0 to 1."""
        return random.random()  # noqa: S311 - spreads load, hides nothing


CLOCK = Clock()
