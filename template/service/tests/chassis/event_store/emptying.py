# Sealed: an update replaces this file.
"""Between tests the event store forgets, which its triggers refuse otherwise."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_EVENTS = "event_store_events"
# No projection may be at work, neither one that has been before nor a new one.
_ALONE = (
    "SELECT pg_advisory_xact_lock(hashtextextended(name, 1)) FROM"
    " (SELECT DISTINCT name FROM event_store_checkpoints ORDER BY name) AS known",
    "LOCK TABLE event_store_checkpoints IN EXCLUSIVE MODE",
)


@asynccontextmanager
async def emptiable(session: AsyncSession) -> AsyncIterator[None]:
    """Inside the block, in its transaction only, events can be deleted."""
    if session.get_bind().dialect.name == "postgresql":
        for statement in _ALONE:
            await session.execute(text(statement))
        await session.execute(text(f"ALTER TABLE {_EVENTS} DISABLE TRIGGER USER"))
        yield
        await session.execute(text(f"ALTER TABLE {_EVENTS} ENABLE TRIGGER USER"))
        return
    found = text(
        f"SELECT name, sql FROM sqlite_master WHERE type='trigger' AND tbl_name='{_EVENTS}'"
    )
    triggers = (await session.execute(found)).all()
    for name, _ in triggers:
        await session.execute(text(f"DROP TRIGGER {name}"))
    yield
    for _, statement in triggers:
        await session.execute(text(statement))
