# Sealed: an update replaces this file.
"""Projections: read models made of the events, each with a checkpoint, and made anew beside.

A copy of a projection is a generation. Readers see the active one; a rebuild fills the next one
and then makes it the active one, in one transaction.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import ScalarSelect, Table, TextClause, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ..database import Database
from ..errors import NotFoundError
from ..unit_of_work import UnitOfWork
from .reading import Recorded, following, within
from .tables import CheckpointRow

_LEAD = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 1))")
_LEAD_IN_TURN = text("SELECT true FROM pg_advisory_xact_lock(hashtextextended(:name, 1))")


class ProjectionNotFoundError(NotFoundError):
    pass


class Projected:
    """For the tables of a projection: every row belongs to a generation."""

    generation: Mapped[int] = mapped_column(primary_key=True)


class Projection(ABC):
    """`version` is to be raised when `apply` comes to do something else: it is made anew then."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    tables: ClassVar[Sequence[Table]]

    @abstractmethod
    async def apply(
        self, session: AsyncSession, generation: int, events: Sequence[Recorded]
    ) -> None:
        """In the transaction of the checkpoint: what is written is written once."""


def active(name: str) -> ScalarSelect[int]:
    """The generation to read, for the WHERE of a query."""
    query = select(CheckpointRow.generation)
    return query.where(CheckpointRow.name == name, CheckpointRow.active).scalar_subquery()


class Builder:
    """Brings one projection forward, a batch at a time."""

    def __init__(self, database: Database, projection: Projection, *, batch: int) -> None:
        self._database, self.projection, self._batch = database, projection, batch

    async def advance(self) -> bool:
        """A batch for each generation; true if there is more to do."""
        async with UnitOfWork(self._database) as unit:
            if not await self._leads(unit.session):
                return False
            found = await self._copies(unit.session)
            if not found:
                await self._begun(unit.session)
                return True
            ours = [each for each in found if each.version == self.projection.version]
            steps = [await self._step(unit.session, each) for each in ours]
        return any(steps)

    async def begin(self) -> int:
        """A new generation, to be filled beside the active one; one that was begun is dropped."""
        async with UnitOfWork(self._database) as unit:
            await self._leads(unit.session, _LEAD_IN_TURN)
            await self._drop(unit.session, ~CheckpointRow.active)
            return (await self._begun(unit.session)).generation

    async def _leads(self, session: AsyncSession, lock: TextClause = _LEAD) -> bool:
        """One process at a time; SQLite has one writer anyway."""
        if session.get_bind().dialect.name != "postgresql":
            return True
        return bool(await session.scalar(lock, {"name": self.projection.name}))

    async def _copies(self, session: AsyncSession) -> list[CheckpointRow]:
        """Those of this version of the code or of newer ones, which are left to these."""
        query = select(CheckpointRow).where(
            CheckpointRow.name == self.projection.name,
            CheckpointRow.version >= self.projection.version,
        )
        return list(await session.scalars(query.order_by(CheckpointRow.generation)))

    async def _begun(self, session: AsyncSession) -> CheckpointRow:
        name = self.projection.name
        known = select(func.max(CheckpointRow.generation)).where(CheckpointRow.name == name)
        last = await session.scalar(known)
        begun = CheckpointRow(
            name=name,
            generation=(last or 0) + 1,
            version=self.projection.version,
            position=0,
            active=False,
        )
        session.add(begun)
        await session.flush()
        return begun

    async def _step(self, session: AsyncSession, copy: CheckpointRow) -> bool:
        rows = within(session)
        events = await following(rows, position=copy.position, limit=self._batch)
        if events:
            await self.projection.apply(session, copy.generation, events)
            copy.position = events[-1].position
        more = len(events) == self._batch
        if not more and not copy.active:
            await self._swap(session, copy)
        return more

    async def _swap(self, session: AsyncSession, copy: CheckpointRow) -> None:
        await self._drop(session, CheckpointRow.generation < copy.generation)
        copy.active = True

    async def _drop(self, session: AsyncSession, which: Any) -> None:
        mine = CheckpointRow.name == self.projection.name
        found = select(CheckpointRow.generation).where(mine, which)
        for generation in (await session.scalars(found)).all():
            for table in self.projection.tables:
                await session.execute(delete(table).where(table.c.generation == generation))
            over = delete(CheckpointRow).where(mine, CheckpointRow.generation == generation)
            await session.execute(over)
