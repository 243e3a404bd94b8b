# Sealed: an update replaces this file.
"""Handles what the bus brings: each event once, again when it fails, in the end a dead letter."""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any

import structlog

from ..database import Database
from ..errors import DomainError, UnavailableError
from ..faults import ConcurrentChangeError
from ..tables import now
from . import dead_letters, metrics, tracing
from .bus.port import Message
from .envelope import Envelope, decode
from .event import Event, UnreadableEventError
from .handlers import Handler, Handlers, Later
from .settings import EventsSettings
from .work import Desk, Work

log = structlog.get_logger()

_LONGEST_PAUSE = 10.0
_UNSUSPICIOUS = 5
_MOST_BEGUN = 5
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
        try:
            envelope = decode(message.body)
        except UnreadableEventError as error:
            about = "unreadable", str(error), 1
            await self._give_up(message, dead_letters.identity(message), about)
            return
        with tracing.following(envelope):
            if message.attempt <= _UNSUSPICIOUS:
                await self._until_done(message, envelope)
            else:
                await self._suspiciously(message, envelope)

    async def _suspiciously(self, message: Message, envelope: Envelope) -> None:
        """Brokers also count deliveries of what only lay behind it; we count those begun."""
        event = envelope.identity
        begun = await dead_letters.begun(self._database, self.name, message, event)
        if begun > _MOST_BEGUN:
            why = f"its handling began {begun - 1} times, and never came to an end"
            await self._give_up(message, event, (envelope.type, why, begun - 1))
            return
        await self._until_done(message, envelope)
        await dead_letters.acquit(self._database, self.name, event)

    async def _until_done(self, message: Message, envelope: Envelope) -> None:
        course = _Course(time.monotonic())
        while True:
            try:
                outcome = await self._once(envelope, course)
            except (Exception, asyncio.CancelledError) as error:
                if _is_cancelled(error):
                    raise
                if (reason := self._verdict(error, course, envelope)) is not None:
                    about = envelope.type, reason, course.tries
                    await self._give_up(message, envelope.identity, about)
                    return
                await self._pause(course)
            else:
                self._tell(envelope, outcome, course)
                return

    async def _once(self, envelope: Envelope, course: _Course) -> str:
        wanted = self.wanted(envelope)
        if not wanted:
            return "ignored"
        work = Work(envelope=envelope, wanted=wanted, attempt=course.tries + 1)
        place = envelope.topic, envelope.name
        alone = course.pauses > 0 or any(each.alone(*place) for each in self.handlers)
        fresh = await (self._desk.alone(work) if alone else self._desk.together(work))
        return "handled" if fresh else "duplicate"

    def wanted(self, envelope: Envelope) -> list[tuple[Event, Handler[Any]]]:
        """Who wants it, and how they read it; raises UnreadableEventError."""
        found = [each.of(envelope.topic, envelope.name) for each in self.handlers]
        return [
            (event, handler)
            for kind, handlers in filter(None, found)
            for event in [kind.read(envelope.version, envelope.data)]
            for handler in handlers
        ]

    def _verdict(self, error: BaseException, course: _Course, envelope: Envelope) -> str | None:
        """Why it is given up; None: it is tried again."""
        if isinstance(error, UnreadableEventError):
            course.tries += 1
            return str(error)
        waited = time.monotonic() - course.began
        if isinstance(error, Later):
            if waited <= self._settings.events_later_seconds:
                return None
            return f"it came too early, and still did after {waited:.0f} s: {error}"
        known = isinstance(error, UnavailableError | ConcurrentChangeError)
        if course.pauses == 0 or not known:
            about = {"type": envelope.type, "event_id": envelope.id}
            log.warning("event_failed", **about, exc_info=not known)
        if known:
            return None
        course.tries += 1
        return reason_of(error) if course.tries >= self._settings.events_attempts else None

    async def _pause(self, course: _Course) -> None:
        longest = self._settings.events_backoff_seconds * 2.0 ** min(course.pauses, 20)
        course.pauses += 1
        await asyncio.sleep(min(_LONGEST_PAUSE, longest) * (0.5 + _chance() / 2))

    async def _give_up(self, message: Message, event: str, about: tuple[str, str, int]) -> None:
        kind, reason, _ = about
        course = _Course(time.monotonic())
        while True:
            try:
                await dead_letters.bury(self._database, self.name, message, event, about)
                break
            except UnavailableError:
                await self._pause(course)
        metrics.HANDLED.labels(kind, "dead").inc()
        log.error("event_given_up", type=kind, event_id=event, reason=reason)

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


def reason_of(error: BaseException) -> str:
    """The type, and what our own errors say; the words of others may hold secrets."""
    told = f": {error}" if isinstance(error, DomainError | Later | UnreadableEventError) else ""
    told = told if str(error) else ""
    return f"{type(error).__name__}{told}"[:500]
