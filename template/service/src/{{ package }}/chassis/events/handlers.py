# Sealed: an update replaces this file.
"""Which functions of a slice handle which events."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from .event import Event
from .outbox import UnitOfWork


class Later(Exception):  # noqa: N818 - it is a wish, not an error
    """This event comes too early: try it again in a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What is known about an event that is handled; `attempt` counts from one."""

    id: str
    type: str
    source: str
    topic: str
    key: str
    time: datetime
    actor: str | None
    attempt: int


EventT = TypeVar("EventT", bound=Event)
Handler = Callable[[EventT, UnitOfWork, Incoming], Awaitable[None]]


class Handlers:
    """`@handlers.on(OrderPlaced)` over `async def reserve(event, unit, incoming)`.

    A handler runs inside the transaction in which the event is marked as handled: what it
    writes and emits is done once, however often the event comes. Events that come at the same
    time share a transaction; a handler that waits for others than the database does so `alone`.
    `own`: they handle what the service itself tells, as a projection does.
    """

    def __init__(self, *, own: bool = False) -> None:
        self.own = own
        self._found: dict[tuple[str, str], tuple[type[Event], list[Handler[Any]]]] = {}
        self._alone: set[tuple[str, str]] = set()

    def on(
        self, kind: type[EventT], *, alone: bool = False
    ) -> Callable[[Handler[EventT]], Handler[EventT]]:
        def register(handler: Handler[EventT]) -> Handler[EventT]:
            place = kind.event_kind.topic, kind.event_kind.name
            known, handlers = self._found.setdefault(place, (kind, []))
            if known is not kind:
                raise ValueError(f"`{kind.event_kind.type}` is declared twice in these handlers")
            handlers.append(handler)
            if alone:
                self._alone.add(place)
            return handler

        return register

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(topic for topic, _ in self._found)

    @property
    def events(self) -> tuple[type[Event], ...]:
        return tuple(kind for kind, _ in self._found.values())

    def alone(self, topic: str, name: str) -> bool:
        return (topic, name) in self._alone

    def of(self, topic: str, name: str) -> tuple[type[Event], tuple[Handler[Any], ...]] | None:
        """The class that reads this event, and who wants it."""
        found = self._found.get((topic, name))
        return found and (found[0], tuple(found[1]))
