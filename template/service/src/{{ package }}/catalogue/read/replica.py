"""The read model as a streaming replica of the write database: PostgreSQL carries every change."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress

import structlog
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncEngine

from ...chassis import engines
from ...chassis.config import BadConfigurationError, variable
from ...chassis.database import Database
from ...chassis.errors import ConflictError, UnavailableError
from ...chassis.faults import DatabaseUnavailableError, translated
from ..events import ProductFacts
from ..settings import SliceSettings
from .model import Question
from .schema import relation

log = structlog.get_logger()

_TABLE = relation("catalogue_live")
_IDENTITY = "SELECT system_identifier FROM pg_control_system()"
_STATE = text(f"SELECT pg_is_in_recovery() AS follows, ({_IDENTITY}) AS origin")
_REPLAYED = text(
    "SELECT pg_last_wal_replay_lsn()::text AS place, pg_last_xact_replay_timestamp() AS at"
)


class NotAReplicaError(UnavailableError):
    pass


class NothingToRebuildError(ConflictError):
    pass


def verify(settings: SliceSettings) -> None:
    """Before the start: raises BadConfigurationError where the read database is no replica of ours.

    One that is away is no reason: it may come, and `/readyz` looks at it then.
    """
    # `uvicorn` makes the application inside its loop.
    with ThreadPoolExecutor(1) as thread, suppress(DatabaseUnavailableError):
        thread.submit(asyncio.run, _verified(settings)).result()


async def _verified(settings: SliceSettings) -> None:
    try:
        await _check(engines.probe(settings), engines.probe(settings.read_side))
    except NotAReplicaError as error:
        name = variable(type(settings), "read_database_url")
        raise BadConfigurationError([f"{name} is not usable: {error}"]) from None


async def _check(write: AsyncEngine, read: AsyncEngine) -> None:
    with translated():
        async with read.connect() as connection:
            copy = (await connection.execute(_STATE)).mappings().one()
        async with write.connect() as connection:
            ours = (await connection.execute(_STATE)).mappings().one()
    if not copy["follows"]:
        raise NotAReplicaError("the read database is no replica: it takes writes of its own")
    if copy["origin"] != ours["origin"]:
        raise NotAReplicaError("the read database is a replica of another database than ours")


class Replica:
    group = None

    def __init__(self, settings: SliceSettings) -> None:
        self._read = Database(settings.read_side)
        self._probes = engines.probe(settings), engines.probe(settings.read_side)
        self._refused: NotAReplicaError | None = None

    async def rows(self, question: Question) -> Sequence[RowMapping]:
        if self._refused is not None:
            raise self._refused
        return await self._read.rows(question(_TABLE))

    async def check(self) -> None:
        """Raises NotAReplicaError when it no longer is one: somebody may have promoted it."""
        try:
            await _check(*self._probes)
        except NotAReplicaError as error:
            self._refused = error
            log.error("not_a_replica", reason=str(error))
            raise
        self._refused = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self._read.opened():
            yield

    running = opened

    async def follow(self, _: ProductFacts) -> None:
        """PostgreSQL does."""

    async def rebuild(self) -> str:
        raise NothingToRebuildError("a replica is not rebuilt here: `pg_basebackup` makes it anew")

    async def detail(self) -> str:
        (replayed,) = await self._read.rows(_REPLAYED)
        last = f", last of {replayed['at']:%Y-%m-%d %H:%M:%S}" if replayed["at"] else ""
        return f"replayed up to {replayed['place']}{last}"
