"""The read model as tables of its own, which events keep up to date.

What is shown of a product never goes back: events carry its version, and an older one is dropped
in the transaction that would write it. So late and double events do no harm.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Executable, RowMapping, select

from ...chassis import engines
from ...chassis.database import Database
from ...chassis.lifecycle import repeated
from ...chassis.tables import now
from ...chassis.unit_of_work import UnitOfWork
from ..events import ProductFacts
from ..settings import SliceSettings
from ..tables import ProductRow
from .lag import Watch
from .model import ReadModelNotBuiltError
from .rebuild import RebuildUnderWayError, products, rebuild
from .rows import keep_newest
from .schema import COLOURS, SHAPE, STATE, relation

log = structlog.get_logger()

_LOOK_SECONDS = 1.0
_PATIENCE_SECONDS = 2.0
_MOST_MENDED = 500


class Projection:
    # Tables of another shape get every event for themselves, also beside those of today.
    group = f"read-{SHAPE}"

    def __init__(self, write: Database, settings: SliceSettings) -> None:
        self.table = relation("catalogue")
        self._write, self._read = write, Database(settings.read_side)
        self._probe = engines.probe(settings.read_side)
        self._mend_seconds = settings.read_mend_seconds
        self._watch = Watch(write, self)
        self._built = False
        self._looked = asyncio.Event()

    async def rows(self, query: Executable, **values: Any) -> Sequence[RowMapping]:
        if not self._built:
            await self._must_be_built()
        return await self._read.rows(query, **values)

    async def check(self) -> None:
        async with self._probe.connect() as connection:
            if await connection.scalar(select(STATE.c.serving)) is None:
                raise ReadModelNotBuiltError

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self._read.opened():
            yield

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """A small one is built before the start is over, a large one behind it."""
        mending = repeated(self._mend, seconds=self._mend_seconds / 2)
        async with self.opened(), repeated(self._look, seconds=_LOOK_SECONDS), mending:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self._looked.wait()
            yield

    async def follow(self, product: ProductFacts) -> None:
        async with UnitOfWork(self._read) as unit:
            state = (await unit.session.execute(select(STATE))).mappings().one()
            for colour in filter(None, (state["serving"], state["building"])):
                await keep_newest(unit.session, COLOURS[colour], [product])

    async def rebuild(self) -> str:
        copied = await rebuild(write=self._write, read=self._read)
        return f"{copied} products copied; the new tables are shown"

    async def detail(self) -> str:
        (state,) = await self._read.rows(select(STATE))
        if state["serving"] is None:
            return "never built"
        busy = f"; {state['building']} is being built" if state["building"] else ""
        return f"{state['serving']} is shown, built {state['built_at']:%Y-%m-%d %H:%M:%S}{busy}"

    async def _mend(self) -> None:
        """What no event brought in time is fetched: brokers lose what they keep for too long."""
        late = now() - timedelta(seconds=self._mend_seconds)
        try:
            lag = await self._watch.look()
            lost = [change.product_id for change in lag.missing if change.at < late]
            for product in await products(self._write, ProductRow.id.in_(lost[:_MOST_MENDED])):
                await self.follow(product)
                log.warning("read_model_mended", product_id=str(product.id))
        except Exception as error:  # noqa: BLE001 - the next time is another try
            log.warning("read_model_not_mended", error=type(error).__name__)

    async def _must_be_built(self) -> None:
        (state,) = await self._read.rows(select(STATE.c.serving))
        if state["serving"] is None:
            raise ReadModelNotBuiltError("the read model is being built for the first time")
        self._built = True

    async def _look(self) -> None:
        if not self._built:
            try:
                await self._build_the_first()
            except Exception as error:  # noqa: BLE001 - the next look is another try
                log.warning("read_model_not_built", error=type(error).__name__)
        self._looked.set()

    async def _build_the_first(self) -> None:
        try:
            await self._must_be_built()
        except ReadModelNotBuiltError:
            with suppress(RebuildUnderWayError):  # another instance does it
                await self.rebuild()
