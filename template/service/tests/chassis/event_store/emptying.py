# Sealed: an update replaces this file.
"""Between tests the event store forgets, which its triggers refuse otherwise."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_EVENTS = "event_store_events"


@asynccontextmanager
async def emptiable(session: AsyncSession) -> AsyncIterator[None]:
    """Inside the block, in its transaction only, events can be deleted."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("LOCK TABLE event_store_checkpoints IN EXCLUSIVE MODE"))
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
