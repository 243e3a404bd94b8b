# Sealed: an update replaces this file.
"""Reads events, on their own (`database.rows`) or in a transaction (`within(session)`)."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Executable, RowMapping, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from .schema import decode
from .tables import EventRow

Rows = Callable[[Executable], Awaitable[Sequence[RowMapping]]]
Row = RowMapping | dict[str, Any]

_EVENTS = EventRow.__table__.c
_SIGNED = ("stream", "version", "type", "schema", "data", "actor", "request_id", "trace_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event, and what is known about it: who, when, in which request."""

    position: int
    stream: str
    version: int
    type: str
    at: datetime
    actor: str
    request_id: str
    trace_id: str
    event: Any


def within(session: AsyncSession) -> Rows:
    async def rows(query: Executable) -> Sequence[RowMapping]:
        return (await session.execute(query)).mappings().all()

    return rows


def recorded(row: Row) -> Recorded:
    """Raises UnreadableEventError."""
    return Recorded(
        position=row["position"],
        stream=row["stream"],
        version=row["version"],
        type=row["type"],
        at=row["at"],
        actor=row["actor"],
        request_id=row["request_id"],
        trace_id=row["trace_id"],
        event=decode(row["type"], row["schema"], row["data"]),
    )


async def history(rows: Rows, stream: str, *, after: int, limit: int) -> list[Recorded]:
    """The events of a stream behind a version, oldest first."""
    query = select(*_EVENTS).where(_EVENTS.stream == stream, _EVENTS.version > after)
    return [recorded(row) for row in await rows(query.order_by(_EVENTS.version).limit(limit))]


async def following(rows: Rows, *, position: int, limit: int) -> list[Recorded]:
    """The events of all streams behind a position, in the order in which they happened."""
    query = select(*_EVENTS).where(_EVENTS.position > position)
    return [recorded(row) for row in await rows(query.order_by(_EVENTS.position).limit(limit))]


def by_stream(after: tuple[str, int], limit: int) -> Select[Any]:
    """The rows of all streams, one stream after the other."""
    key = tuple_(_EVENTS.stream, _EVENTS.version)
    query = select(*_EVENTS).where(key > tuple_(*after)).order_by(_EVENTS.stream, _EVENTS.version)
    return query.limit(limit)


def digest(row: Row, before: bytes) -> bytes:
    """Of the event and of all before it in its stream: a change of the past shows."""
    told = [row[name] for name in _SIGNED]
    at: datetime = row["at"]
    content = orjson.dumps([*told, at.astimezone(UTC).isoformat()], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(before + content).digest()
