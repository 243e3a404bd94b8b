# Sealed: an update replaces this file.
"""Handles what the bus brings: each event once, again when it fails, in the end a dead letter."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import RowMapping

from ..database import Database
from ..errors import DomainError, UnavailableError
from ..tables import now
from . import dead_letters, metrics, tracing
from .bus.port import Message
from .envelope import Envelope, decode
from .event import Event, UnreadableEventError
from .handlers import Handler, Handlers, Later
from .outbox import UnitOfWork
from .settings import EventsSettings
from .work import Desk, Work

log = structlog.get_logger()

_LONGEST_PAUSE = 10.0
_MOST_DELIVERIES = 20
_chance = random.random


@dataclass(slots=True)
class _Course:
    """How it goes with one event: `tries` counts those that failed for a reason of its own."""

    began: float
    tries: int = 0
    pauses: int = 0


class Consumer:
    """What one service makes of the events that it listens to."""

    def __init__(self, database: Database, settings: EventsSettings) -> None:
        self._database, self._settings = database, settings
        self.name = settings.service
        self.handlers: list[Handlers] = []
        self._desk = Desk(database, self.name)

    def add(self, handlers: Handlers) -> None:
        self.handlers.append(handlers)

    @property
    def topics(self) -> frozenset[str]:
        return frozenset().union(*(each.topics for each in self.handlers))

    async def handle(self, message: Message) -> None:
        """Comes back when the event is done with, one way or the other."""
        if message.attempt > _MOST_DELIVERIES:
            why = f"it was delivered {message.attempt} times, and never came to an end"
            await self._give_up(message, why, tries=message.attempt)
            return
        try:
            envelope = decode(message.body)
        except UnreadableEventError as error:
            await self._give_up(message, str(error), tries=1)
            return
        with tracing.following(envelope):
            await self._until_done(message, envelope)

    async def _until_done(self, message: Message, envelope: Envelope) -> None:
        course = _Course(time.monotonic())
        while True:
            try:
                outcome = await self._once(envelope, attempt=course.tries + 1)
            except (Exception, asyncio.CancelledError) as error:
                if _is_cancelled(error):
                    raise
                if (reason := self._verdict(error, course, envelope)) is not None:
                    await self._give_up(message, reason, tries=course.tries, kind=envelope.type)
                    return
                await self._pause(course)
            else:
                self._tell(envelope, outcome, course)
                return

    async def _once(self, envelope: Envelope, *, attempt: int) -> str:
        wanted = list(self._wanted(envelope))
        if not wanted:
            return "ignored"
        work = Work(envelope=envelope, wanted=wanted, attempt=attempt)
        place = envelope.topic, envelope.name
        alone = attempt > 1 or any(each.alone(*place) for each in self.handlers)
        fresh = await (self._desk.alone(work) if alone else self._desk.together(work))
        return "handled" if fresh else "duplicate"

    async def replay(self) -> None:
        """Once more what somebody wants to be tried again; what fails is dead as before."""
        while (letter := await dead_letters.to_replay(self._database, self.name)) is not None:
            try:
                await self._replay(letter)
            except UnavailableError:
                return
            except Exception as error:  # noqa: BLE001 - its reason is written down
                await dead_letters.failed_again(self._database, letter["id"], _reason(error))

    async def _replay(self, letter: RowMapping) -> None:
        envelope = decode(letter["body"])
        wanted = list(self._wanted(envelope))
        work = Work(envelope=envelope, wanted=wanted, attempt=letter["attempts"] + 1)
        async with UnitOfWork(self._database) as unit:
            if not await dead_letters.forget(unit.session, letter["id"]):
                return
            await work.do(unit)
        log.info("dead_letter_replayed", type=envelope.type, event_id=envelope.id)

    def _wanted(self, envelope: Envelope) -> Iterator[tuple[Event, Handler[Any]]]:
        for each in self.handlers:
            if (found := each.of(envelope.topic, envelope.name)) is not None:
                kind, handlers = found
                event = kind.read(envelope.version, envelope.data)
                yield from ((event, handler) for handler in handlers)

    def _verdict(self, error: Exception, course: _Course, envelope: Envelope) -> str | None:
        """Why it is given up; None: it is tried again."""
        if isinstance(error, UnreadableEventError):
            course.tries += 1
            return str(error)
        waited = time.monotonic() - course.began
        if isinstance(error, Later):
            if waited <= self._settings.events_later_seconds:
                return None
            return f"it came too early, and still did after {waited:.0f} s: {error}"
        known = isinstance(error, UnavailableError)
        if course.pauses == 0 or not known:
            about = {"type": envelope.type, "event_id": envelope.id}
            log.warning("event_failed", **about, exc_info=not known)
        if known:
            return None
        course.tries += 1
        return _reason(error) if course.tries >= self._settings.events_attempts else None

    async def _pause(self, course: _Course) -> None:
        longest = self._settings.events_backoff_seconds * 2.0 ** min(course.pauses, 20)
        course.pauses += 1
        await asyncio.sleep(min(_LONGEST_PAUSE, longest) * (0.5 + _chance() / 2))

    async def _give_up(
        self, message: Message, reason: str, *, tries: int, kind: str = "unreadable"
    ) -> None:
        course = _Course(time.monotonic())
        while True:
            try:
                await dead_letters.bury(self._database, self.name, message, kind, reason, tries)
                break
            except UnavailableError:
                await self._pause(course)
        metrics.HANDLED.labels(kind, "dead").inc()
        log.error("event_given_up", type=kind, event_id=message.id[:200], reason=reason)

    def _tell(self, envelope: Envelope, outcome: str, course: _Course) -> None:
        metrics.HANDLED.labels(envelope.type, outcome).inc()
        lag = max(0.0, (now() - envelope.time).total_seconds())
        metrics.LAG.labels(envelope.topic).observe(lag)
        if outcome != "ignored":
            log.info(
                f"event_{outcome}",
                type=envelope.type,
                event_id=envelope.id,
                attempt=course.tries + 1,
                lag_ms=round(lag * 1000),
            )


def _is_cancelled(error: BaseException) -> bool:
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and bool(task and task.cancelling())


def _reason(error: BaseException) -> str:
    """The type, and what our own errors say; the words of others may hold secrets."""
    told = f": {error}" if isinstance(error, DomainError) and str(error) else ""
    return f"{type(error).__name__}{told}"[:500]
