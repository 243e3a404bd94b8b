# Sealed: an update replaces this file.
"""Which events of the outbox a relay has in hand, so that no two of them send the same.

On PostgreSQL a batch holds locks on the slots that it takes, and skips those of others; on
SQLite one relay of all processes is at it at a time. Rows that are skipped one by one where
they are locked would not do: a younger event could overtake its elder.
"""

import fcntl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import RowMapping, bindparam, delete, func, select, text

from ..database import Database
from ..unit_of_work import UnitOfWork
from .outbox import SLOTS
from .tables import OutboxRow

Rows = Sequence[RowMapping]

_ROWS = select(*OutboxRow.__table__.columns).order_by(OutboxRow.id).limit(bindparam("most"))
_OF_SLOTS = _ROWS.where(OutboxRow.slot.in_(bindparam("slots", expanding=True)))
_SENT = delete(OutboxRow).where(OutboxRow.id.in_(bindparam("ids", expanding=True)))
# The first number tells our locks from those of others; a lock ends with its transaction.
_LOCKS = text(
    "WITH waiting AS MATERIALIZED (SELECT n AS slot FROM generate_series(0, :last) AS n"
    " WHERE EXISTS (SELECT FROM chassis_outbox WHERE slot = n))"
    " SELECT slot, pg_try_advisory_xact_lock(1869968503, slot) AS ours FROM waiting"
).bindparams(last=SLOTS - 1)
_MOST_COUNTED = 100_000
_FIRST = select(OutboxRow.created_at).order_by(OutboxRow.id).limit(1)
_COUNTED = select(OutboxRow.id).limit(_MOST_COUNTED).subquery()
_FIGURES = select(
    select(func.count()).select_from(_COUNTED).scalar_subquery().label("count"),
    _FIRST.scalar_subquery().label("oldest"),
)


class BusyError(Exception):
    """Others have in hand what there is."""


class Claims:
    def __init__(self, database: Database) -> None:
        self._database = database
        self.skipped = False

    def taken(self, most: int) -> AbstractAsyncContextManager[Rows]:
        """Events in hand, the eldest first. They leave the outbox when the block is left, and
        stay there if it fails. Raises BusyError."""
        if self._database.writer.dialect.name == "postgresql":
            return self._by_slots(most)
        return self._alone(most)

    @asynccontextmanager
    async def _by_slots(self, most: int) -> AsyncIterator[Rows]:
        async with UnitOfWork(self._database) as unit:
            found = (await unit.session.execute(_LOCKS)).all()
            slots = [slot for slot, ours in found if ours]
            if found and not slots:
                raise BusyError
            values = {"most": most, "slots": slots}
            rows = (await unit.session.execute(_OF_SLOTS, values)).mappings().all()
            yield rows
            if rows:
                await unit.session.execute(_SENT, {"ids": [row["id"] for row in rows]})
        self.skipped = len(slots) < len(found)

    @asynccontextmanager
    async def _alone(self, most: int) -> AsyncIterator[Rows]:
        with _exclusive(Path(f"{self._database.writer.url.database}.relay")):
            rows = await self._database.rows(_ROWS, most=most)
            yield rows
            if rows:
                async with UnitOfWork(self._database) as unit:
                    await unit.session.execute(_SENT, {"ids": [row["id"] for row in rows]})

    async def figures(self) -> RowMapping:
        """How many wait (up to a hundred thousand), and since when the eldest of them does."""
        [row] = await self._database.rows(_FIGURES)
        return row


@contextmanager
def _exclusive(file: Path) -> Iterator[None]:
    """The lock is the system's: it ends with its process, however that ends."""
    with file.open("wb") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError from None
        yield
