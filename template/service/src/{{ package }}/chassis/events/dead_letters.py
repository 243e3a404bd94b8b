# Sealed: an update replaces this file.
"""Dead letters: events that were given up, with the reason, until somebody decides about them."""

from collections.abc import Collection, Sequence
from hashlib import sha256

from sqlalchemy import RowMapping, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ..database import Database
from ..tables import now
from ..unit_of_work import UnitOfWork
from . import inbox, metrics
from .bus.port import Message
from .tables import DeadLetterRow

DEAD, REPLAY = "dead", "replay"
_COLUMNS = DeadLetterRow.__table__.c


async def bury(
    database: Database, consumer: str, message: Message, kind: str, reason: str, attempts: int
) -> None:
    """Keep it here, so that it goes on with the next; a double is dropped from now on."""
    async with UnitOfWork(database) as unit:
        event_id = message.id[:200] or sha256(message.body).hexdigest()
        if not await inbox.take(unit.session, consumer=consumer, ids=[event_id]):
            return
        unit.session.add(
            DeadLetterRow(
                consumer=consumer,
                topic=message.topic,
                key=message.key,
                event_id=event_id,
                type=kind[:200],
                body=message.body,
                reason=reason[:500],
                attempts=attempts,
                state=DEAD,
                at=now(),
            )
        )


async def list_(database: Database, *, limit: int = 100) -> Sequence[RowMapping]:
    """The eldest first, without their bodies."""
    columns = [each for each in _COLUMNS if each is not _COLUMNS.body]
    return await database.rows(select(*columns).order_by(_COLUMNS.id).limit(limit))


async def show(database: Database, letter_id: int) -> RowMapping | None:
    rows = await database.rows(select(*_COLUMNS).where(_COLUMNS.id == letter_id))
    return rows[0] if rows else None


async def replay(database: Database, ids: Collection[int] | None = None) -> int:
    """The service tries these again, or all of them, within a moment; how many that are."""
    change = update(DeadLetterRow).values(state=REPLAY)
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


async def to_replay(database: Database, consumer: str) -> RowMapping | None:
    wanted = select(*_COLUMNS).where(_COLUMNS.consumer == consumer, _COLUMNS.state == REPLAY)
    rows = await database.rows(wanted.order_by(_COLUMNS.id).limit(1))
    return rows[0] if rows else None


async def forget(session: AsyncSession, letter_id: int) -> bool:
    """In the transaction of its replay; false if another instance was faster."""
    ours = DeadLetterRow.id == letter_id, DeadLetterRow.state == REPLAY
    gone = await session.execute(delete(DeadLetterRow).where(*ours))
    return bool(gone.rowcount)  # type: ignore[attr-defined]


async def failed_again(database: Database, letter_id: int, reason: str) -> None:
    values = {"state": DEAD, "reason": reason, "attempts": DeadLetterRow.attempts + 1}
    async with UnitOfWork(database) as unit:
        change = update(DeadLetterRow).where(DeadLetterRow.id == letter_id)
        await unit.session.execute(change.values(values))


async def count(database: Database) -> None:
    [row] = await database.rows(select(func.count(_COLUMNS.id).label("count")))
    metrics.DEAD.set(row["count"])
