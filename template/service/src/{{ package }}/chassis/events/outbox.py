# Sealed: an update replaces this file.
"""The outbox: events are written in the transaction of the change that they tell of."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Annotated
from uuid import UUID
from weakref import WeakSet
from zlib import crc32

from fastapi import Depends, Request
from sqlalchemy import event
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from .. import unit_of_work
from ..tables import now
from . import envelope
from .event import Event
from .tables import OutboxRow

SLOTS = 16
LARGEST = 256 * 1024


# What is set when there is something to send: one for each relay of this process.
waking: WeakSet[asyncio.Event] = WeakSet()


def committed() -> None:
    for relay in tuple(waking):
        relay.set()


def emit(unit: unit_of_work.UnitOfWork, told: Event, *, event_id: UUID | None = None) -> UUID:
    """Tell of an event if, and only if, the transaction of the unit is committed.

    Gives its id. Raises ValueError for one that no broker takes: over 256 KiB, or with a key
    of more than 200 characters.
    """
    event_id = event_id or uuid7()
    at, key = now(), told.event_key
    body = envelope.encode(told, event_id=str(event_id), at=at)
    if len(body) > LARGEST or not 0 < len(key) <= envelope.LONGEST_ID:
        raise ValueError(f"`{told.event_kind.type}` is too large, or its key is")
    row = OutboxRow(
        slot=crc32(key.encode()) % SLOTS,
        topic=told.event_kind.topic,
        key=key,
        event_id=str(event_id),
        body=body,
        created_at=at,
    )
    _add_last(unit.session.sync_session, row)
    unit.after_commit(committed)
    return event_id


def _add_last(session: Session, row: OutboxRow) -> None:
    """Numbers are drawn when all that the transaction changes is locked: so the event of the
    change that comes first has the lower one, wherever the use case tells of it."""
    if not (waiting := session.info.setdefault("outbox", [])):
        event.listen(session, "before_commit", _add_waiting, once=True)
    waiting.append(row)


def _add_waiting(session: Session) -> None:
    session.flush()
    session.add_all(session.info.pop("outbox", ()))


class UnitOfWork(unit_of_work.UnitOfWork):
    """One transaction, with the events that it tells of."""

    def after_commit(self, action: Callable[[], object]) -> None:
        """In the context of now: the unit may be shared by what several requests have caused."""
        super().after_commit(partial(copy_context().run, action))

    def emit(self, told: Event, *, event_id: UUID | None = None) -> UUID:
        return emit(self, told, event_id=event_id)


async def _unit(request: Request) -> UnitOfWork:
    return UnitOfWork(request.app.state.database)


Unit = Annotated[UnitOfWork, Depends(_unit)]
