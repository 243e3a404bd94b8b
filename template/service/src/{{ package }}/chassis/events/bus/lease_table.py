# Sealed: an update replaces this file.
"""The table of the leases, in the service's own database, by its clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Float, String, TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Mapped, mapped_column

from ...database import Database
from ...faults import translated
from ...tables import Base
from ...unit_of_work import UnitOfWork

_CLOCKS = {
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "extract(epoch from clock_timestamp())",
}
_ANSWER_SECONDS = 3.0

RENEW = "UPDATE chassis_leases SET until = {clock} + :seconds WHERE owner = :owner"
LIST = "SELECT name, owner, until > {clock} AS live FROM chassis_leases"
TAKE = """
INSERT INTO chassis_leases (name, owner, until) VALUES (:name, :owner, {clock} + :seconds)
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
WHERE chassis_leases.until <= {clock} OR chassis_leases.owner = excluded.owner
RETURNING name
"""
RELEASE = "DELETE FROM chassis_leases WHERE owner = :owner AND name = :name"
LEAVE = """
DELETE FROM chassis_leases WHERE owner = :owner
OR (name LIKE 'member/%' AND until < {clock} - 3600)
"""


class LeaseRow(Base):
    __tablename__ = "chassis_leases"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    until: Mapped[float] = mapped_column(Float(53))


class LeaseTable:
    """On PostgreSQL on a connection of its own: slow handlers may have all the others in use."""

    def __init__(self, database: Database) -> None:
        self._database = database
        backend = database.writer.dialect.name
        self._clock = _CLOCKS[backend]
        self._engine = None if backend == "sqlite" else _engine(database)

    def sql(self, statement: str) -> TextClause:
        return text(statement.format(clock=self._clock))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        if self._engine is None:
            async with UnitOfWork(self._database) as unit:
                yield unit.session
            return
        with translated():
            async with AsyncSession(self._engine) as session, session.begin():
                yield session

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.dispose()


def _engine(database: Database) -> AsyncEngine:
    return create_async_engine(
        database.writer.url,
        pool_size=1,
        max_overflow=0,
        pool_timeout=_ANSWER_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"timeout": _ANSWER_SECONDS, "command_timeout": _ANSWER_SECONDS},
    )
