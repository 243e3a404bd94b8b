# Sealed: an update replaces this file.
"""The service's own database: SQLite by default, PostgreSQL by its URL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from sqlalchemy import Executable, RowMapping, text
from sqlalchemy.util import greenlet_spawn

from . import engines, lifecycle
from .engines import DatabaseSettings
from .fair_queue import FairQueue
from .faults import translated


class Database:
    """Units of work use `writer`, in turns; `rows()` costs no transaction round trips."""

    def __init__(self, settings: DatabaseSettings) -> None:
        if settings.url.get_backend_name() == "sqlite":
            Path(str(settings.url.database)).parent.mkdir(parents=True, exist_ok=True)
            self.writer = engines.sqlite(settings, write=True)
            self._reader = engines.sqlite(settings, write=False)
            self.writing = _queue(settings, 1)
            self._reading = _queue(settings, engines.READERS)
        else:
            self.writer = engines.postgresql(settings)
            self._reader = self.writer.execution_options(isolation_level="AUTOCOMMIT")
            size = settings.pool_size + settings.pool_overflow
            self.writing = self._reading = _queue(settings, size)
        self._probe = engines.probe(settings)

    async def rows(self, query: Executable, **values: Any) -> Sequence[RowMapping]:
        """Run a query on its own; it sees what is committed when it begins."""

        def run() -> Sequence[RowMapping]:
            with self._reader.sync_engine.connect() as connection:
                return connection.execute(query, values).mappings().all()

        await self._reading.take()
        try:
            with translated():
                # `AsyncConnection` makes a greenlet for each of its steps, this makes one for all.
                return await greenlet_spawn(run)
        finally:
            self._reading.give()

    async def check(self) -> None:
        """Raises when the database does not answer, or was never migrated.

        On a connection of its own: a full pool is load, not a reason to take no more of it.
        """
        async with self._probe.connect() as connection:
            await connection.execute(text("SELECT version_num FROM alembic_version"))

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        yield
        await self._reader.dispose()
        await self.writer.dispose()


def _queue(settings: DatabaseSettings, size: int) -> FairQueue:
    return FairQueue(size, wait_seconds=settings.pool_wait_seconds)


def install(app: FastAPI, settings: DatabaseSettings) -> None:
    database = app.state.database = Database(settings)
    lifecycle.of(app).resources.append(database.opened)
    app.state.health.add("database", database.check)


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


Reads = Annotated[Database, Depends(_database)]
