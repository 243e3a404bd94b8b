# Sealed: an update replaces this file.
"""Dead letters: events that were given up, with the reason, until somebody decides about them."""

from collections.abc import Collection, Sequence
from hashlib import sha256

from sqlalchemy import ColumnElement, RowMapping, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ..database import Database
from ..tables import now
from ..unit_of_work import UnitOfWork
from . import inbox, metrics
from .bus.port import Message
from .tables import DeadLetterRow

DEAD, REPLAY, BEGUN = "dead", "replay", "begun"
_COLUMNS = DeadLetterRow.__table__.c


def identity(message: Message) -> str:
    """Of one that cannot be read, and may have no id at all."""
    return _storable(message.id, 200) or sha256(message.body or b"").hexdigest()


async def bury(
    database: Database, consumer: str, message: Message, event: str, about: tuple[str, str, int]
) -> None:
    """Keep it here, so that it goes on with the next; a double is dropped from now on.

    `event` is its identity in the inbox; `about` has its type, the reason, and the attempts.
    """
    kind, reason, attempts = about
    async with UnitOfWork(database) as unit:
        if not await inbox.take(unit.session, consumer=consumer, ids=[event]):
            return
        row = _row(consumer, message, event, state=DEAD)
        row.type, row.reason, row.attempts = kind[:200], _storable(reason, 500), attempts
        unit.session.add(row)
        await _acquit(unit.session, consumer, event)


async def begun(database: Database, consumer: str, message: Message, event: str) -> int:
    """How often its handling has begun, this time included, without having come to an end."""
    ours = _of(consumer, event, BEGUN)
    async with UnitOfWork(database) as unit:
        row = await unit.session.scalar(select(DeadLetterRow).where(*ours).with_for_update())
        if row is None:
            row = _row(consumer, message, event, state=BEGUN)
            unit.session.add(row)
        row.attempts += 1
        return row.attempts


async def acquit(database: Database, consumer: str, event: str) -> None:
    """Its handling has come to an end."""
    async with UnitOfWork(database) as unit:
        await _acquit(unit.session, consumer, event)


async def _acquit(session: AsyncSession, consumer: str, event: str) -> None:
    await session.execute(delete(DeadLetterRow).where(*_of(consumer, event, BEGUN)))


def _of(consumer: str, event: str, state: str) -> tuple[ColumnElement[bool], ...]:
    row = DeadLetterRow
    return row.consumer == consumer, row.event_id == event, row.state == state


def _row(consumer: str, message: Message, event: str, *, state: str) -> DeadLetterRow:
    return DeadLetterRow(
        consumer=consumer,
        topic=_storable(message.topic, 100),
        key=_storable(message.key, 200),
        event_id=event,
        type="",
        body=message.body or b"",
        reason="",
        attempts=0,
        state=state,
        at=now(),
    )


def _storable(text: str, longest: int) -> str:
    """PostgreSQL has no place for NUL."""
    return text.replace("\0", "\ufffd")[:longest]


async def list_(database: Database, *, limit: int = 100) -> Sequence[RowMapping]:
    """The eldest first, without their bodies."""
    columns = [each for each in _COLUMNS if each is not _COLUMNS.body]
    given_up = select(*columns).where(_COLUMNS.state != BEGUN)
    return await database.rows(given_up.order_by(_COLUMNS.id).limit(limit))


async def show(database: Database, letter_id: int) -> RowMapping | None:
    rows = await database.rows(select(*_COLUMNS).where(_COLUMNS.id == letter_id))
    return rows[0] if rows else None


async def replay(database: Database, ids: Collection[int] | None = None) -> int:
    """The service tries these again, or all of them, within a moment; how many that are."""
    change = update(DeadLetterRow).values(state=REPLAY).where(DeadLetterRow.state == DEAD)
    if ids is not None:
        change = change.where(DeadLetterRow.id.in_(ids))
    async with UnitOfWork(database) as unit:
        changed = await unit.session.execute(change)
        return int(changed.rowcount)  # type: ignore[attr-defined]


async def drop(database: Database, ids: Collection[int]) -> int:
    """Forget these for good; how many there were."""
    async with UnitOfWork(database) as unit:
        gone = await unit.session.execute(delete(DeadLetterRow).where(DeadLetterRow.id.in_(ids)))
        return int(gone.rowcount)  # type: ignore[attr-defined]


async def to_replay(database: Database, consumer: str, *, after: int) -> RowMapping | None:
    """The next of them, by its number."""
    wanted = select(*_COLUMNS).where(_COLUMNS.consumer == consumer, _COLUMNS.state == REPLAY)
    rows = await database.rows(wanted.where(_COLUMNS.id > after).order_by(_COLUMNS.id).limit(1))
    return rows[0] if rows else None


async def forget(session: AsyncSession, letter_id: int) -> bool:
    """In the transaction of its replay; false if another instance was faster."""
    ours = DeadLetterRow.id == letter_id, DeadLetterRow.state == REPLAY
    gone = await session.execute(delete(DeadLetterRow).where(*ours))
    return bool(gone.rowcount)  # type: ignore[attr-defined]


async def failed_again(database: Database, letter_id: int, reason: str) -> None:
    values = {
        "state": DEAD,
        "reason": _storable(reason, 500),
        "attempts": DeadLetterRow.attempts + 1,
    }
    async with UnitOfWork(database) as unit:
        change = update(DeadLetterRow).where(DeadLetterRow.id == letter_id)
        await unit.session.execute(change.values(values))


async def count(database: Database) -> None:
    given_up = select(func.count(_COLUMNS.id).label("count")).where(_COLUMNS.state != BEGUN)
    [row] = await database.rows(given_up)
    metrics.DEAD.set(row["count"])
