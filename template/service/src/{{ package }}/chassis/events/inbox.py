# Sealed: an update replaces this file.
"""The inbox: which events were handled, in the transaction of what they did."""

from datetime import timedelta

from sqlalchemy import bindparam, delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from ..tables import UtcDateTime, now
from ..unit_of_work import UnitOfWork
from .tables import InboxRow

_TAKE = text(
    "INSERT INTO chassis_inbox (consumer, event_id, at) VALUES (:consumer, :event_id, :at)"
    " ON CONFLICT DO NOTHING"
).bindparams(bindparam("at", type_=UtcDateTime))


async def take(session: AsyncSession, *, consumer: str, event_id: str) -> bool:
    """False when it was handled before. Who handles it at the same moment is waited for."""
    values = {"consumer": consumer, "event_id": event_id, "at": now()}
    taken = await session.execute(_TAKE, values)
    return bool(taken.rowcount)  # type: ignore[attr-defined]


async def purge(unit: UnitOfWork, *, days: float) -> None:
    """Forget what was handled so long ago that it will not come again."""
    async with unit:
        old = InboxRow.at < now() - timedelta(days=days)
        await unit.session.execute(delete(InboxRow).where(old))
