# Sealed: an update replaces this file.
"""Keeps projections up to date in the background: woken by commits, and now and then."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from prometheus_client import Gauge
from sqlalchemy import func, select

from .. import lifecycle
from ..database import Database
from ..errors import UnavailableError
from ..tables import now
from .projections import Builder, Projection, ProjectionNotFoundError
from .settings import EventStoreSettings
from .tables import CheckpointRow, EventRow

log = structlog.get_logger()

LAG = Gauge(
    "event_store_projection_lag_seconds",
    "Age of the oldest event that a projection has not taken in.",
    ("projection",),
    multiprocess_mode="livemostrecent",
)
WAITING = Gauge(
    "event_store_projection_lag_positions",
    "How many positions a projection is behind the newest event.",
    ("projection",),
    multiprocess_mode="livemostrecent",
)
_CHECKPOINTS = CheckpointRow.__table__.c
_EVENTS = EventRow.__table__.c
_NEWEST = select(func.max(_EVENTS.position)).scalar_subquery().label("newest")
_OLDEST = (
    select(_EVENTS.at)
    .where(_EVENTS.position > _CHECKPOINTS.position)
    .order_by(_EVENTS.position)
    .limit(1)
    .scalar_subquery()
    .label("oldest")
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a copy of a projection is, in positions and in the age of what it lacks."""

    name: str
    generation: int
    version: int
    position: int
    active: bool
    waiting: int
    seconds: float


class Projector:
    def __init__(self, database: Database, settings: EventStoreSettings) -> None:
        self._database, self._settings = database, settings
        self._builders: dict[str, Builder] = {}
        self._waking: list[asyncio.Event] = []

    def add(self, projections: Sequence[Projection]) -> None:
        for each in projections:
            batch = self._settings.projection_batch
            self._builders[each.name] = Builder(self._database, each, batch=batch)

    def wake(self) -> None:
        for waking in self._waking:
            waking.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for builder in self._builders.values():
                waking = asyncio.Event()
                self._waking.append(waking)
                await stack.enter_async_context(self._repeated(builder, waking))
            yield

    def _repeated(
        self, builder: Builder, waking: asyncio.Event
    ) -> AbstractAsyncContextManager[None]:
        async def step() -> None:
            if await self._step(builder):
                waking.set()

        seconds = self._settings.projection_poll_seconds
        return lifecycle.repeated(step, seconds=seconds, woken=waking)

    async def _step(self, builder: Builder) -> bool:
        """Writes nothing, and takes no lock, where there is nothing to do."""
        name = builder.projection.name
        try:
            more = await self._behind(builder) and await builder.advance()
        except UnavailableError:
            return False  # told by whoever else asks the database
        except Exception:  # a projection must not end the service; it tries again
            log.exception("projection_failed", projection=name)
            return False
        return more

    async def _behind(self, builder: Builder) -> bool:
        copies = [
            each
            for each in await self.standings(builder.projection.name)
            if each.version >= builder.projection.version
        ]
        for each in copies[:1]:  # the one that is read; the first one, while it is being made
            LAG.labels(each.name).set(each.seconds)
            WAITING.labels(each.name).set(each.waiting)
        return not copies or any(each.waiting or not each.active for each in copies)

    async def standings(self, name: str | None = None) -> list[Standing]:
        query = select(*_CHECKPOINTS, _NEWEST, _OLDEST)
        query = query.order_by(_CHECKPOINTS.name, _CHECKPOINTS.generation)
        if name is not None:
            query = query.where(_CHECKPOINTS.name == name)
        found = [dict(row) for row in await self._database.rows(query)]
        at = now()
        for row in found:
            row["waiting"] = max(0, (row.pop("newest") or 0) - row["position"])
            oldest = row.pop("oldest")
            row["seconds"] = max(0.0, (at - oldest).total_seconds()) if oldest else 0.0
        return [Standing(**row) for row in found]

    async def rebuild(self, name: str) -> int:
        """Make it anew, beside the one that is read, and swap; how many the generation is."""
        if (builder := self._builders.get(name)) is None:
            known = ", ".join(f"`{each}`" for each in self._builders)
            raise ProjectionNotFoundError(f"there is no projection `{name}`, but {known}")
        generation = await builder.begin()
        while not await self._is_read(name, generation):
            if not await builder.advance():
                await asyncio.sleep(0.01)  # another process is at it
        return generation

    async def _is_read(self, name: str, generation: int) -> bool:
        copies = await self.standings(name)
        return any(each.active and each.generation >= generation for each in copies)
