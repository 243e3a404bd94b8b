# Sealed: an update replaces this file.
"""Domain events: told through an outbox, received through an inbox, carried by a bus.

A slice declares its events (`Event`), tells of them (`unit.emit`), and handles those of others
(`Handlers`, `consume`). Which bus carries them is a setting.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI

from .. import lifecycle
from ..database import Database
from ..errors import UnavailableError
from . import dead_letters, envelope, inbox
from .bus import connect, leases
from .bus.port import BusUnavailableError, Message
from .consumer import Consumer
from .event import Event, UnreadableEventError, catalogue
from .handlers import Handlers, Incoming, Later
from .outbox import Unit, UnitOfWork, emit
from .relay import Relay
from .replaying import replay
from .settings import EventsSettings

__all__ = [
    "BusUnavailableError",
    "Event",
    "Events",
    "EventsSettings",
    "Handlers",
    "Incoming",
    "Later",
    "Message",
    "Relay",
    "Unit",
    "UnitOfWork",
    "UnreadableEventError",
    "catalogue",
    "connect",
    "consume",
    "dead_letters",
    "emit",
    "envelope",
    "inbox",
    "install",
    "leases",
]

log = structlog.get_logger()

_PURGE_SECONDS = 3600.0
_REPLAY_SECONDS = 1.0


class Events:
    """Relay, consumer and bus of one process.

    A broker that is away makes no service unready: requests go on, and their events wait.
    """

    def __init__(self, database: Database, settings: EventsSettings) -> None:
        self._database, self._settings = database, settings
        self.bus = connect(settings, database)
        self.relay = Relay(database, self.bus, seconds=settings.events_poll_seconds)
        self.consumer = Consumer(database, settings)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        for topic in sorted(self.consumer.topics):
            self.bus.subscribe(topic, self.consumer.name, self.consumer.handle)
        async with (
            self.bus.running(),
            self.relay.running(),
            lifecycle.repeated(self._replay, seconds=_REPLAY_SECONDS),
            lifecycle.repeated(self._purge, seconds=_PURGE_SECONDS),
        ):
            yield

    async def _replay(self) -> None:
        try:
            await replay(self._database, self.consumer)
            await dead_letters.count(self._database)
        except UnavailableError:
            log.debug("dead_letters_not_read")

    async def _purge(self) -> None:
        try:
            # Longer than a broker keeps them, so that none comes again as if it were new.
            await inbox.purge(UnitOfWork(self._database), days=2 * self._settings.events_days)
        except UnavailableError:
            log.debug("inbox_not_purged")


def install(app: FastAPI, settings: EventsSettings) -> None:
    app.state.events = Events(app.state.database, settings)
    lifecycle.of(app).resources.append(app.state.events.running)


def consume(app: FastAPI, handlers: Handlers) -> None:
    """Handle events from the start of the service on; a slice calls it where it is installed."""
    events: Events = app.state.events
    events.consumer.add(handlers)
