# Sealed: an update replaces this file.
"""The inbox: which events were handled, in the transaction of what they did."""

from collections.abc import Collection
from datetime import timedelta
from functools import lru_cache

from sqlalchemy import TextClause, bindparam, delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from ..tables import UtcDateTime, now
from ..unit_of_work import UnitOfWork
from .tables import InboxRow


@lru_cache(maxsize=64)
def _taking(count: int) -> TextClause:
    rows = ", ".join(f"(:consumer, :id_{number}, :at)" for number in range(count))
    return text(
        f"INSERT INTO chassis_inbox (consumer, event_id, at) VALUES {rows}"  # noqa: S608 - numbers
        " ON CONFLICT DO NOTHING RETURNING event_id"
    ).bindparams(bindparam("at", type_=UtcDateTime))


async def take(session: AsyncSession, *, consumer: str, ids: Collection[str]) -> set[str]:
    """Those that were not handled before. Who handles one at the same moment is waited for."""
    # Sorted, so that two who take the same ones wait for each other in one direction only.
    values = {f"id_{number}": each for number, each in enumerate(sorted(set(ids)))}
    query = _taking(len(values))
    taken = await session.scalars(query, {"consumer": consumer, "at": now(), **values})
    return set(taken)


async def purge(unit: UnitOfWork, *, days: float) -> None:
    """Forget what was handled so long ago that it will not come again."""
    async with unit:
        old = InboxRow.at < now() - timedelta(days=days)
        await unit.session.execute(delete(InboxRow).where(old))
