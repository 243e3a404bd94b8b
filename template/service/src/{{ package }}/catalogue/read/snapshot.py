"""The read model as a materialized view in the write database, which PostgreSQL makes anew."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from sqlalchemy import RowMapping, text

from ...chassis import engines
from ...chassis.database import Database
from ...chassis.lifecycle import repeated
from ...chassis.unit_of_work import UnitOfWork
from ..events import ProductFacts
from ..settings import SliceSettings
from .lag import Watch
from .model import Question
from .schema import relation

log = structlog.get_logger()

_TABLE = relation("catalogue_snapshot")
_LONGEST_REFRESH_SECONDS = 3600.0
_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('catalogue_snapshot', 0))")
# Concurrently: queries see the old rows until the new ones are whole.
_REFRESH = text("REFRESH MATERIALIZED VIEW CONCURRENTLY catalogue_snapshot")


class Snapshot:
    group = "snapshot"

    def __init__(self, write: Database, settings: SliceSettings) -> None:
        self._settings, self._write = settings, write
        self._refreshing = Database(_patient(settings))
        self._probe = engines.probe(settings)
        self._watch = Watch(write, self)
        self._woken = asyncio.Event()

    async def rows(self, question: Question) -> Sequence[RowMapping]:
        return await self._write.rows(question(_TABLE))

    async def check(self) -> None:
        async with self._probe.connect() as connection:
            await connection.execute(text("SELECT FROM catalogue_snapshot LIMIT 1"))

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self._refreshing.opened():
            yield

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        seconds = self._settings.read_refresh_seconds
        async with self.opened(), repeated(self._look, seconds=seconds, woken=self._woken):
            yield

    async def follow(self, _: ProductFacts) -> None:
        """Changes are gathered for a moment: a refresh costs the same for one and for many."""
        self._woken.set()

    async def rebuild(self) -> str:
        if not await self._refresh():
            return "another refresh of the view is under way"
        return "the view is refreshed"

    async def detail(self) -> str:
        (size,) = await self._write.rows(text("SELECT count(*) AS n FROM catalogue_snapshot"))
        return f"the view has {size['n']} products"

    async def _look(self) -> None:
        await asyncio.sleep(self._settings.read_debounce_seconds)
        try:
            if (await self._watch.look()).behind and not await self._refresh():
                self._woken.set()  # the one under way may have begun before our change
        except Exception as error:  # noqa: BLE001 - the next look is another try
            log.warning("read_model_not_refreshed", error=type(error).__name__)

    async def _refresh(self) -> bool:
        """False if somebody else is at it."""
        async with UnitOfWork(self._refreshing) as unit:
            if not await unit.session.scalar(_ALONE):
                return False
            await unit.session.execute(_REFRESH)
        log.info("read_model_refreshed")
        return True


def _patient(settings: SliceSettings) -> SliceSettings:
    """One connection, on which a statement may take its time."""
    limits = {"pool_size": 1, "pool_overflow": 0, "statement_seconds": _LONGEST_REFRESH_SECONDS}
    return settings.model_copy(update=limits)
