# Sealed: an update replaces this file.
"""Jobs that come by themselves: each tick once, in its time zone, and what was missed."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSimError
from fastapi import FastAPI
from sqlalchemy import update

from ...conftest import Settings, UnitOfWork, jobs
from .sample import Note, noted, noting, process, rows, until

pytestmark = pytest.mark.anyio


def made(tick: datetime) -> Note:
    return Note(word=tick.isoformat())


async def test_each_tick_is_done_once_whatever_the_instances(
    app: FastAPI, settings: Settings
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(3):
            handlers = noting()
            handlers.every("seconds", 1, made)
            await stack.enter_async_context(process(settings, handlers))
        await until(lambda: _noted(app, 3))

    ticks = await noted(app)
    assert max(Counter(ticks).values()) == 1
    seconds = [datetime.fromisoformat(tick) for tick in ticks]
    assert {each.microsecond for each in seconds} == {0}
    assert max(b - a for a, b in pairwise(seconds)) == timedelta(seconds=1)


async def test_many_who_look_at_one_tick_put_one_job_in_the_queue(app: FastAPI) -> None:
    schedule = jobs.Schedule("hourly", jobs.Every(3600), made)
    await _last_tick(app, schedule, hours=1)

    await asyncio.gather(*(jobs.tick(app.state.database, schedule) for _ in range(8)))

    assert len(await rows(app)) == 1


@pytest.mark.parametrize(("catch_up", "number"), [(False, 1), (True, 5)])
async def test_after_a_downtime_the_last_tick_is_made_up_for_or_all(
    app: FastAPI, catch_up: bool, number: int
) -> None:
    schedule = jobs.Schedule("hourly", jobs.Every(3600), made, catch_up=catch_up)
    await _last_tick(app, schedule, hours=5)

    following = await jobs.tick(app.state.database, schedule)
    await jobs.tick(app.state.database, schedule)

    assert len(await rows(app)) == number
    assert timedelta() < following - datetime.now(UTC) <= timedelta(hours=1)


async def test_a_new_schedule_has_missed_nothing(app: FastAPI) -> None:
    await jobs.tick(app.state.database, jobs.Schedule("hourly", jobs.Every(3600), made))

    assert await rows(app) == []


def test_a_nightly_job_comes_once_a_night_also_when_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    nightly = jobs.Cron("30 2 * * *", "Europe/Berlin")

    for day in (datetime(2026, 3, 28, tzinfo=berlin), datetime(2026, 10, 24, tzinfo=berlin)):
        ticks = [each.astimezone(berlin) for each in islice(nightly.after(day), 3)]
        assert [tick.day - day.day for tick in ticks] == [0, 1, 2]


def test_an_expression_or_a_zone_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(CronSimError):
        jobs.Cron("61 * * * *")
    with pytest.raises(LookupError):
        jobs.Cron("* * * * *", "Europe/Nowhere")


async def _noted(app: FastAPI, number: int) -> bool:
    return len(await noted(app)) >= number


async def _last_tick(app: FastAPI, schedule: jobs.Schedule, *, hours: int) -> None:
    """As if it had last been looked at so many hours ago."""
    await jobs.tick(app.state.database, schedule)
    ago = datetime.now(UTC) - timedelta(hours=hours)
    async with UnitOfWork(app.state.database) as unit:
        await unit.session.execute(update(jobs.ScheduleRow).values(tick=ago))
