"""The read model as a streaming replica of the write database: PostgreSQL carries every change."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from sqlalchemy import Executable, RowMapping, text

from ...chassis import engines
from ...chassis.database import Database
from ...chassis.engines import DatabaseSettings
from ...chassis.errors import ConflictError, UnavailableError
from ...chassis.faults import DatabaseUnavailableError, translated
from ..events import ProductFacts
from .schema import relation

log = structlog.get_logger()

_IDENTITY = "SELECT system_identifier FROM pg_control_system()"
_STATE = text(f"SELECT pg_is_in_recovery() AS follows, ({_IDENTITY}) AS origin")
_REPLAYED = text(
    "SELECT pg_last_wal_replay_lsn()::text AS place, pg_last_xact_replay_timestamp() AS at"
)


class NotAReplicaError(UnavailableError):
    pass


class NothingToRebuildError(ConflictError):
    pass


class Replica:
    group = None

    def __init__(self, write: Database, settings: DatabaseSettings) -> None:
        self.table = relation("catalogue_live")
        self._write, self._read = write, Database(settings)
        self._probe = engines.probe(settings)
        self._refused: NotAReplicaError | None = None

    async def rows(self, query: Executable, **values: Any) -> Sequence[RowMapping]:
        if self._refused is not None:
            raise self._refused
        return await self._read.rows(query, **values)

    async def check(self) -> None:
        """Raises NotAReplicaError, also when it no longer is one: somebody may have promoted it."""
        with translated():
            async with self._probe.connect() as connection:
                read = (await connection.execute(_STATE)).mappings().one()
        (write,) = await self._write.rows(_STATE)
        self._refused = _refusal(read, write)
        if self._refused is not None:
            log.error("not_a_replica", reason=str(self._refused))
            raise self._refused

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self._read.opened():
            yield

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Does not start on a database that is no replica; one that is away may come."""
        async with self.opened():
            try:
                await self.check()
            except DatabaseUnavailableError:
                log.warning("replica_not_there_yet")
            yield

    async def follow(self, _: ProductFacts) -> None:
        """PostgreSQL does."""

    async def rebuild(self) -> str:
        raise NothingToRebuildError("a replica is not rebuilt here: `pg_basebackup` makes it anew")

    async def detail(self) -> str:
        (replayed,) = await self.rows(_REPLAYED)
        last = f", last of {replayed['at']:%Y-%m-%d %H:%M:%S}" if replayed["at"] else ""
        return f"replayed up to {replayed['place']}{last}"


def _refusal(read: RowMapping, write: RowMapping) -> NotAReplicaError | None:
    if not read["follows"]:
        return NotAReplicaError("the read database is no replica: it takes writes of its own")
    if read["origin"] != write["origin"]:
        return NotAReplicaError("the read database is a replica of another database than ours")
    return None
