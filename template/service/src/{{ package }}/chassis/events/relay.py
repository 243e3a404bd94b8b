# Sealed: an update replaces this file.
"""The relay: takes events from the outbox to the bus, in order per key, and at least once."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from sqlalchemy import RowMapping

from .. import lifecycle, tables
from ..database import Database
from ..errors import UnavailableError
from . import metrics
from .bus.port import Message, Publisher
from .claims import BusyError, Claims
from .outbox import waking

log = structlog.get_logger()

_BATCH = 200
_LONGEST_PAUSE = 5.0
_LOOK_AGAIN_SECONDS = 0.02
_FIGURES_SECONDS = 1.0


class Relay:
    """One for each process; what wakes it is a commit of this process."""

    def __init__(self, database: Database, bus: Publisher, *, seconds: float) -> None:
        self._claims, self._bus, self._seconds = Claims(database), bus, seconds
        self._woken = asyncio.Event()
        self._failures = 0
        self._rests_until = self._figures_at = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        waking.add(self._woken)
        async with lifecycle.repeated(self._look, seconds=self._seconds, woken=self._woken):
            yield
        waking.discard(self._woken)

    async def _look(self) -> None:
        if time.monotonic() < self._rests_until:
            return
        try:
            while await self._send_batch():
                await self._show()
            self._failures = 0
            await self._show()
            if self._claims.skipped:
                raise BusyError
        except BusyError:
            asyncio.get_running_loop().call_later(_LOOK_AGAIN_SECONDS, self._woken.set)
        except UnavailableError as error:
            await self._rest(error)
        except Exception as error:
            log.exception("outbox_failed", error=type(error).__name__)
            await self._rest(error)

    async def _send_batch(self) -> bool:
        """Whether there may be more."""
        most = max(1, _BATCH >> self._failures)  # one too large for its time is halved
        async with self._claims.taken(most) as rows:
            if rows:
                await self._bus.publish([_message(row) for row in rows])
        for topic, count in Counter(row["topic"] for row in rows).items():
            metrics.PUBLISHED.labels(topic).inc(count)
        return len(rows) == most

    async def _rest(self, error: Exception) -> None:
        """Longer each time; the events stay where they are."""
        pause = min(_LONGEST_PAUSE, 0.1 * 2.0 ** min(self._failures, 10))
        self._failures += 1
        self._rests_until = time.monotonic() + pause
        # A moment later, as the timers of some loops are early.
        asyncio.get_running_loop().call_later(pause + 0.01, self._woken.set)
        if self._failures % 20 == 1:
            log.warning("outbox_waits", error=type(error).__name__, why=str(error)[:200])
        await self._show()

    async def _show(self) -> None:
        """Whatever comes of it: figures stop nothing."""
        if time.monotonic() < self._figures_at:
            return
        self._figures_at = time.monotonic() + _FIGURES_SECONDS
        with suppress(UnavailableError):
            row = await self._claims.figures()
            metrics.WAITING.set(row["count"])
            oldest = row["oldest"]
            age = 0.0 if oldest is None else (tables.now() - oldest).total_seconds()
            metrics.OLDEST.set(max(0.0, age))


def _message(row: RowMapping) -> Message:
    return Message(topic=row["topic"], key=row["key"], id=row["event_id"], body=row["body"])
