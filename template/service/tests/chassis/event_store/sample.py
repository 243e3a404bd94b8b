# Sealed: an update replaces this file.
"""An aggregate and a projection of the tests' own: counters, and the sum of all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Integer, MetaData, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ...conftest import UnitOfWork, event_store


@event_store.stored("SampleCounted", version=3)
class Counted:
    by: int
    unit: str = "one"
    note: event_store.Sealed | None = None


@event_store.upcast("SampleCounted", 1)
def _was_called_otherwise(data: dict[str, Any]) -> dict[str, Any]:
    return {"by": data["step"]}


@event_store.upcast("SampleCounted", 2)
def _had_no_unit(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "unit": "dozen"}


@dataclass(slots=True, kw_only=True)
class Counter(event_store.Aggregate):
    name: str
    total: int = 0
    units: list[str] | None = None

    @property
    def stream(self) -> str:
        return f"counter-{self.name}"

    def apply(self, event: object) -> None:
        assert isinstance(event, Counted)
        self.total += event.by
        self.units = [*(self.units or []), event.unit]

    def count(self, by: int = 1) -> None:
        self.record(Counted(by=by))


SUMS = Table(
    "sample_sums",
    MetaData(),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("sum", Integer, nullable=False),
    Column("events", Integer, nullable=False),
)


class Sums(event_store.Projection):
    """`broken` makes it fail half-way; `factor` is what a new version of it does otherwise."""

    name = "sums"
    tables = (SUMS,)

    def __init__(self) -> None:
        self.broken, self.factor = False, 1

    async def apply(
        self, session: AsyncSession, generation: int, events: Sequence[event_store.Recorded]
    ) -> None:
        query = select(SUMS).where(SUMS.c.generation == generation)
        known = (await session.execute(query)).mappings().one_or_none()
        counted = [each.event.by for each in events if isinstance(each.event, Counted)]
        row = {
            "generation": generation,
            "sum": (known["sum"] if known else 0) + self.factor * sum(counted),
            "events": (known["events"] if known else 0) + len(counted),
        }
        await session.execute(delete(SUMS).where(SUMS.c.generation == generation))
        await session.execute(SUMS.insert(), row)
        if self.broken:
            raise LookupError("half-way")


async def count(app: Any, name: str = "a", *steps: int) -> Counter:
    """In one transaction for each step."""
    store: event_store.EventStore = app.state.event_store
    counter = Counter(name=name)
    for step in steps:
        async with UnitOfWork(app.state.database) as unit:
            counter = await store.load(unit, Counter(name=name))
            counter.count(step)
            await store.save(unit, counter)
    return counter


async def read(app: Any, name: str = "a", **as_of: Any) -> Counter:
    store: event_store.EventStore = app.state.event_store
    return await store.read(app.state.database.rows, Counter(name=name), event_store.AsOf(**as_of))
