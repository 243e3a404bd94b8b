# Sealed: an update replaces this file.
"""What is to be done for an event, and doing it: one by one, or what comes together at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..database import Database
from . import inbox, tracing
from .envelope import Envelope
from .event import Event
from .handlers import Handler, Incoming
from .outbox import UnitOfWork

_MOST_TOGETHER = 16


@dataclass(slots=True, kw_only=True)
class Work:
    """An event that was read, and who wants it."""

    envelope: Envelope
    wanted: Sequence[tuple[Event, Handler[Any]]]
    attempt: int

    async def do(self, unit: UnitOfWork) -> None:
        envelope = self.envelope
        incoming = Incoming(
            id=envelope.id,
            type=envelope.type,
            source=envelope.source,
            topic=envelope.topic,
            key=envelope.subject,
            time=envelope.time,
            actor=envelope.actor,
            attempt=self.attempt,
        )
        with tracing.span(envelope):
            for event, handler in self.wanted:
                await handler(event, unit, incoming)


@dataclass(slots=True)
class Desk:
    """Each event is marked as handled in the transaction of its effect."""

    database: Database
    consumer: str
    _waiting: list[tuple[Work, "asyncio.Future[bool | None]"]] = field(default_factory=list)
    _batches: set["asyncio.Task[None]"] = field(default_factory=set)

    async def alone(self, work: Work) -> bool:
        """False: it was handled before."""
        [fresh] = await self._do([work])
        return fresh

    async def together(self, work: Work) -> bool:
        """The same in one transaction with others; when that fails, each is tried alone."""
        outcome: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, outcome))
        if len(self._waiting) == 1:
            self._begin()
        fresh = await outcome
        return await self.alone(work) if fresh is None else fresh

    def _begin(self) -> None:
        batch = asyncio.create_task(self._batch())
        self._batches.add(batch)
        batch.add_done_callback(self._batches.discard)

    async def _batch(self) -> None:
        await asyncio.sleep(0)  # for those that come in the same moment
        batch, self._waiting = self._waiting[:_MOST_TOGETHER], self._waiting[_MOST_TOGETHER:]
        if self._waiting:
            self._begin()
        done: list[bool | None] = [None] * len(batch)
        try:
            done = [*await self._do([work for work, _ in batch])]
        except Exception as error:  # noqa: BLE001 - who it was is found out one by one
            if len(batch) == 1 and not batch[0][1].done():
                batch[0][1].set_exception(error)
        finally:
            for (_, outcome), fresh in zip(batch, done, strict=True):
                if not outcome.done():
                    outcome.set_result(fresh)

    async def _do(self, works: Sequence[Work]) -> list[bool]:
        ids = [work.envelope.identity for work in works]
        async with UnitOfWork(self.database) as unit:
            fresh = await inbox.take(unit.session, consumer=self.consumer, ids=ids)
            done = []
            for work in works:
                done.append(work.envelope.identity in fresh)
                if done[-1]:
                    fresh.discard(work.envelope.identity)
                    await work.do(unit)
        return done
