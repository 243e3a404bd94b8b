# Sealed: an update replaces this file.
"""Jobs that come by themselves: each tick is put in the queue once, whatever the instances."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim
from sqlalchemy import select

from ..database import Database
from ..unit_of_work import UnitOfWork
from ..upserts import insert
from . import clock
from .job import Job, enqueue
from .tables import ScheduleRow

_AT_MOST = 1000


class Times(Protocol):
    def after(self, moment: datetime) -> Iterator[datetime]:
        """The ticks after a moment, in UTC, without end."""


@dataclass(frozen=True, slots=True)
class Cron:
    """Five fields, as cron of Debian reads them, also when clocks are put forward or back."""

    expression: str
    zone: str = "UTC"

    def __post_init__(self) -> None:
        next(self.after(datetime(2026, 1, 1, tzinfo=UTC)))  # a wrong one stops the start

    def after(self, moment: datetime) -> Iterator[datetime]:
        local = moment.astimezone(ZoneInfo(self.zone))
        return (tick.astimezone(UTC) for tick in CronSim(self.expression, local))


@dataclass(frozen=True, slots=True)
class Every:
    """At multiples of so many seconds since 1970, so that all instances mean the same ticks."""

    seconds: float

    def after(self, moment: datetime) -> Iterator[datetime]:
        number = math.floor(moment.timestamp() / self.seconds)
        while True:
            number += 1
            yield datetime.fromtimestamp(number * self.seconds, UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """After a downtime the newest tick that was missed is made up for; with `catch_up`, each."""

    name: str
    times: Times
    make: Callable[[datetime], Job]
    catch_up: bool = False

    def due(self, last: datetime, now: datetime) -> list[datetime]:
        """The ticks after `last` up to `now`, the oldest first."""
        if not self.catch_up and isinstance(self.times, Every):
            last = max(last, now - timedelta(seconds=2 * self.times.seconds))
        ticks = takewhile(lambda tick: tick <= now, self.times.after(last))
        if self.catch_up:
            return list(islice(ticks, _AT_MOST))
        *_, newest = (None, *ticks)
        return [] if newest is None else [newest]


async def tick(database: Database, schedule: Schedule) -> datetime:
    """Put what is due in the queue, and say when the next tick is.

    Whoever comes second finds the tick written down.
    """
    async with UnitOfWork(database) as unit:
        session = unit.session
        now = (await session.execute(select(clock.moment(session)))).scalar_one()
        first = insert(session, ScheduleRow).values(name=schedule.name, tick=now)
        await session.execute(first.on_conflict_do_nothing())
        row = await session.get_one(ScheduleRow, schedule.name, with_for_update=True)
        for due in schedule.due(row.tick, now):
            job = schedule.make(due)
            await enqueue(unit, job, key=f"{schedule.name}@{due.isoformat()}")
            row.tick = due
        return next(schedule.times.after(row.tick))
