"""Builds the read model anew, without a pause: blue and green.

The colour that is not shown is emptied and filled from the write model, while events go to both.
Then one row says that it is the one to show. Whatever ends before that leaves the old one shown.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import ColumnElement, delete, or_, select, update

from ...chassis.database import Database
from ...chassis.errors import ConflictError, DomainError
from ...chassis.tables import now
from ...chassis.unit_of_work import UnitOfWork
from ..events import ProductFacts
from ..tables import ProductRow
from .rows import keep_newest
from .schema import COLOURS, STATE

log = structlog.get_logger()

_BATCH = 500
_SILENCE = timedelta(seconds=15)
"""After so long without a step, whoever was building is dead."""


class RebuildUnderWayError(ConflictError):
    pass


async def rebuild(*, write: Database, read: Database) -> int:
    """How many products were copied. Raises RebuildUnderWayError."""
    builder = Builder(write, read, str(uuid4()))
    colour = await builder.begin()
    try:
        await builder.clear(colour)
        await builder.step(building=colour)
        copied = await builder.copy(colour)
        await builder.step(serving=colour, building=None, builder=None, built_at=now())
    except BaseException:
        with suppress(DomainError):
            await builder.give_up()
        raise
    log.info("read_model_rebuilt", colour=colour, products=copied)
    return copied


@dataclass(frozen=True)
class Builder:
    """`name` stands in the state for as long as it builds: there is one at a time."""

    write: Database
    read: Database
    name: str

    async def begin(self) -> str:
        """The colour to build, which nobody is shown."""
        free = or_(STATE.c.builder.is_(None), STATE.c.builder_seen_at < now() - _SILENCE)
        values = {"builder": self.name, "builder_seen_at": now(), "building": None}
        async with UnitOfWork(self.read) as unit:
            begun = await unit.session.execute(update(STATE).where(free).values(values))
            if begun.rowcount == 0:  # type: ignore[attr-defined]
                raise RebuildUnderWayError("another rebuild is under way")
            serving = await unit.session.scalar(select(STATE.c.serving))
        return "green" if serving == "blue" else "blue"

    async def clear(self, colour: str) -> None:
        """In batches, as one statement for all would run out of time."""
        table, left = COLOURS[colour], _BATCH
        while left == _BATCH:
            some = select(table.c.id).limit(_BATCH)
            async with self._step() as unit:
                gone = await unit.session.execute(delete(table).where(table.c.id.in_(some)))
                left = gone.rowcount  # type: ignore[attr-defined]

    async def copy(self, colour: str) -> int:
        """Each batch as it is now: what changes behind it comes as an event, to both colours."""
        copied, batch = 0, await products(self.write)
        while batch:
            async with self._step() as unit:
                await keep_newest(unit.session, COLOURS[colour], batch)
            copied += len(batch)
            batch = await products(self.write, ProductRow.id > batch[-1].id)
        return copied

    async def step(self, **values: Any) -> None:
        async with self._step(**values):
            pass

    async def give_up(self) -> None:
        await self.step(building=None, builder=None)

    @asynccontextmanager
    async def _step(self, **values: Any) -> AsyncIterator[UnitOfWork]:
        """A transaction, if it is still this one that builds."""
        ours = update(STATE).where(STATE.c.builder == self.name)
        async with UnitOfWork(self.read) as unit:
            kept = await unit.session.execute(ours.values({"builder_seen_at": now(), **values}))
            if kept.rowcount == 0:  # type: ignore[attr-defined]
                raise RebuildUnderWayError("another rebuild has taken over")
            yield unit


async def products(write: Database, *conditions: ColumnElement[bool]) -> list[ProductFacts]:
    """Some of those that fit, as they are now in the write model, by id."""
    query = select(*ProductRow.__table__.columns).where(*conditions)
    rows = await write.rows(query.order_by(ProductRow.id).limit(_BATCH))
    return [ProductFacts.model_validate(dict(row)) for row in rows]
