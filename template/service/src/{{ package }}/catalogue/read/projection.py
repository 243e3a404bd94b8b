"""The read model as tables of its own, which events keep up to date.

What is shown of a product never goes back: events carry its version, and an older one is dropped
in the transaction that would write it. So late and double events do no harm.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import structlog
from sqlalchemy import RowMapping, select

from ...chassis import engines
from ...chassis.database import Database
from ...chassis.lifecycle import repeated
from ...chassis.tables import now
from ...chassis.unit_of_work import UnitOfWork
from ..events import ProductFacts
from ..settings import SliceSettings
from ..tables import ProductRow
from . import schema
from .lag import Watch
from .model import Question, ReadModelNotBuiltError
from .rebuild import RebuildUnderWayError, products, rebuild
from .rows import keep_newest
from .schema import COLOURS, STATE

log = structlog.get_logger()

_STATE = select(STATE)
_LOOK_SECONDS = 1.0
_PATIENCE_SECONDS = 2.0
_MOST_MENDED = 500


class Projection:
    # Tables of another shape get every event for themselves, also beside those of today.
    group = f"read-{schema.SHAPE}"

    def __init__(self, write: Database, settings: SliceSettings) -> None:
        self._write, self._read = write, Database(settings.read_side)
        self._probe = engines.probe(settings.read_side)
        self._mend_seconds = settings.read_mend_seconds
        self._watch = Watch(write, self)
        self._shown: tuple[str, datetime] | None = None
        self._looked = asyncio.Event()

    async def rows(self, question: Question) -> Sequence[RowMapping]:
        """Only what is not shown is ever emptied: shown before and after, it was whole between."""
        before = self._shown or await self._now_shown()
        while True:
            found = await self._read.rows(question(COLOURS[before[0]]))
            if (after := await self._now_shown()) == before:
                return found
            before = after

    async def check(self) -> None:
        async with self._probe.connect() as connection:
            _must_be_usable((await connection.execute(_STATE)).mappings().one())

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
            state = (await unit.session.execute(_STATE)).mappings().one()
            _must_have_our_shape(state)
            for colour in filter(None, (state["serving"], state["building"])):
                await keep_newest(unit.session, COLOURS[colour], [product])

    async def rebuild(self) -> str:
        copied = await rebuild(write=self._write, read=self._read)
        return f"{copied} products copied; the new tables are shown"

    async def detail(self) -> str:
        (state,) = await self._read.rows(_STATE)
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

    async def _now_shown(self) -> tuple[str, datetime]:
        """Which colour, since when."""
        (state,) = await self._read.rows(_STATE)
        _must_be_usable(state)
        self._shown = state["serving"], state["built_at"]
        return self._shown

    async def _look(self) -> None:
        if self._shown is None:
            try:
                await self._build_the_first()
            except Exception as error:  # noqa: BLE001 - the next look is another try
                log.warning("read_model_not_built", error=type(error).__name__)
        self._looked.set()

    async def _build_the_first(self) -> None:
        try:
            await self._now_shown()
        except ReadModelNotBuiltError:
            with suppress(RebuildUnderWayError):  # another instance does it
                await self.rebuild()


def _must_be_usable(state: RowMapping) -> None:
    _must_have_our_shape(state)
    if state["serving"] is None:
        raise ReadModelNotBuiltError("the read model is being built for the first time")


def _must_have_our_shape(state: RowMapping) -> None:
    if state["shape"] != schema.SHAPE:
        raise ReadModelNotBuiltError("the read model has the shape of another release")
