# Sealed: an update replaces this file.
"""Loads and saves aggregates: what is stored are events, one behind the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from .. import context
from ..faults import ConcurrentChangeError
from ..tables import now
from ..unit_of_work import UnitOfWork
from .aggregate import Aggregate, Tip, shape
from .personal import Vault
from .reading import Rows, digest, within
from .schema import decode, encode
from .settings import EventStoreSettings
from .tables import EventRow, SnapshotRow

A = TypeVar("A", bound=Aggregate)

_EVENTS: Any = EventRow.__table__
_SNAPSHOTS: Any = SnapshotRow.__table__
_STEP = [_EVENTS.c[name] for name in ("version", "type", "schema", "data", "at", "digest")]
# In one order for everybody, so that no two wait for each other.
_HOLD = text(
    "SELECT pg_advisory_xact_lock(key) FROM (SELECT DISTINCT hashtextextended(stream, 0) AS key"
    " FROM unnest(CAST(:streams AS text[])) AS stream ORDER BY 1) AS keys"
)


@dataclass(frozen=True, slots=True)
class AsOf:
    """How it was: at a version, or at a time."""

    version: int | None = None
    at: datetime | None = None

    def cut(self, query: Select[Any], version: Any, at: Any) -> Select[Any]:
        if self.version is not None:
            query = query.where(version <= self.version)
        return query if self.at is None else query.where(at <= self.at)


NOW = AsOf()


class EventStore:
    def __init__(self, settings: EventStoreSettings) -> None:
        self.vault = Vault(settings)
        self._every = settings.snapshot_events
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call it whenever events of this process were committed."""
        self._listeners.append(listener)

    async def hold(self, session: AsyncSession, *aggregates: Aggregate) -> None:
        """Let others who want to change these wait in line, instead of failing in the end.

        SQLite has one writer: there everybody does.
        """
        if session.get_bind().dialect.name == "postgresql":
            await session.execute(_HOLD, {"streams": [each.stream for each in aggregates]})

    async def load(self, unit: UnitOfWork, blank: A) -> A:
        """What its stream has made of it; `blank` where there is none."""
        return await self.read(within(unit.session), blank)

    async def read(self, rows: Rows, blank: A, until: AsOf = NOW) -> A:
        aggregate = await self._snapshot(rows, blank, until)
        query = select(*_STEP).where(_EVENTS.c.stream == blank.stream)
        query = query.where(_EVENTS.c.version > aggregate.tip.version)
        query = until.cut(query, _EVENTS.c.version, _EVENTS.c.at).order_by(_EVENTS.c.version)
        found = await rows(query)
        for row in found:
            aggregate.apply(decode(row["type"], row["schema"], row["data"]))
        if found:
            aggregate.tip = Tip(found[-1]["version"], found[-1]["at"], found[-1]["digest"])
        return aggregate

    async def _snapshot(self, rows: Rows, blank: A, until: AsOf) -> A:
        table, kind = _SNAPSHOTS.c, type(blank)
        query = select(_SNAPSHOTS).where(table.stream == blank.stream, table.shape == shape(kind))
        query = until.cut(query, table.version, table.at).order_by(table.version.desc()).limit(1)
        for row in await rows(query):
            return kind.of_state(row["state"], Tip(row["version"], row["at"], row["digest"]))
        return blank

    async def save(self, unit: UnitOfWork, *aggregates: Aggregate) -> None:
        """Append what has happened. Raises ConcurrentChangeError if a stream has grown."""
        for aggregate in aggregates:
            events = list(_rows(aggregate))
            if not events:
                continue
            try:
                await unit.session.execute(_EVENTS.insert(), events)
            except IntegrityError:
                raise ConcurrentChangeError("somebody else changed it at the same time") from None
            last, before = events[-1], aggregate.tip.version
            aggregate.tip = Tip(last["version"], last["at"], last["digest"])
            aggregate.changes.clear()
            if before // self._every != aggregate.version // self._every:
                await unit.session.execute(_SNAPSHOTS.insert(), _snapshot(aggregate))
        unit.after_commit(self._tell)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


def _rows(aggregate: Aggregate) -> Iterator[dict[str, Any]]:
    request = context.current.get()
    at = max(now(), aggregate.tip.at)  # clocks differ, but no event is older than the one before
    before = aggregate.tip.digest
    for number, event in enumerate(aggregate.changes, aggregate.tip.version + 1):
        kind, schema, data = encode(event)
        row = {
            "stream": aggregate.stream,
            "version": number,
            "type": kind,
            "schema": schema,
            "data": data,
            "actor": (request.subject if request else None) or "system",
            "request_id": request.request_id if request else "",
            "trace_id": request.trace_id if request else "",
            "at": at,
        }
        row["digest"] = before = digest(row, before)
        yield row


def _snapshot(aggregate: Aggregate) -> dict[str, Any]:
    return {
        "stream": aggregate.stream,
        "version": aggregate.version,
        "shape": shape(type(aggregate)),
        "state": aggregate.state(),
        "at": aggregate.tip.at,
        "digest": aggregate.tip.digest,
    }
