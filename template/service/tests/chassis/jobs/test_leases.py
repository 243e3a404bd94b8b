# Sealed: an update replaces this file.
"""Who has a job in hand, who takes it over, and that only one of them can commit."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from ...conftest import Settings, UnitOfWork, errors, jobs
from .sample import Note, note, noted, noting, process, put, rows, states, until

pytestmark = pytest.mark.anyio

SILENT = text("UPDATE chassis_jobs SET lease_until = '2026-01-01 00:00:00+00'")


async def silence(app: FastAPI) -> None:
    """As if its process had been silent for too long."""
    async with UnitOfWork(app.state.database) as unit:
        await unit.session.execute(SILENT)


async def done(app: FastAPI) -> bool:
    return set(await states(app)) == {"done"}


async def test_a_job_that_takes_longer_than_its_lease_is_kept(
    app: FastAPI, settings: Settings
) -> None:
    handlers = jobs.Handlers()

    @handlers.on(Note)
    async def work(job: Note, run: jobs.Run) -> None:
        await asyncio.sleep(2.5)
        async with run.finish() as unit:
            note(unit, job.word)

    await put(app, Note(word="long"))
    async with AsyncExitStack() as stack:
        for _ in range(2):
            lease = {"jobs_visibility_seconds": 1}
            await stack.enter_async_context(process(settings, handlers, **lease))
        await until(lambda: done(app))

    assert (await rows(app))[0]["attempt"] == 1


async def test_who_was_silent_for_too_long_can_commit_no_more(
    app: FastAPI, settings: Settings
) -> None:
    first_has_it, first_may_go_on, outcome = asyncio.Event(), asyncio.Event(), []
    handlers = jobs.Handlers()

    @handlers.on(Note)
    async def work(job: Note, run: jobs.Run) -> None:
        first_has_it.set()
        await first_may_go_on.wait()
        try:
            async with run.finish() as unit:
                note(unit, f"first: {job.word}")
        except errors.ConflictError as error:
            outcome.append(type(error).__name__)
            raise

    await put(app, Note(word="once"))
    async with process(settings, handlers, jobs_concurrency=1):
        await first_has_it.wait()
        await silence(app)
        async with process(settings, noting()):
            await until(lambda: done(app))
        first_may_go_on.set()
        await until(lambda: _came(outcome))

    assert await noted(app) == ["once"]
    assert outcome == ["LeaseLostError"]


async def test_a_job_that_is_taken_over_is_stopped_where_it_was(
    app: FastAPI, settings: Settings
) -> None:
    stopped: list[str] = []
    handlers = jobs.Handlers()

    @handlers.on(Note)
    async def work(_: Note, __: jobs.Run) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.append("stopped")
            raise

    await put(app, Note(word="taken"))
    async with process(settings, handlers, jobs_visibility_seconds=4, jobs_concurrency=1):
        await until(lambda: _at_work(app))
        await silence(app)
        async with process(settings, noting()):
            await until(lambda: done(app))
        await until(lambda: _came(stopped))

    assert await noted(app) == ["taken"]


async def test_a_job_that_kills_its_processes_is_dead_in_the_end(
    app: FastAPI, settings: Settings
) -> None:
    handlers = jobs.Handlers()

    @handlers.on(Note)
    async def work(_: Note, __: jobs.Run) -> None:
        await silence(app)
        await asyncio.sleep(60)

    await put(app, Note(word="poison"))
    async with AsyncExitStack() as stack:
        for _ in range(2):
            lease = {"jobs_visibility_seconds": 30}
            await stack.enter_async_context(process(settings, handlers, **lease))
        await until(lambda: _are(app, ["dead"]))

    told = "Silence: its process died, or was silent for too long"
    assert (await rows(app))[0]["reason"] == told


async def test_what_is_in_hand_may_end_when_the_service_stops(
    app: FastAPI, settings: Settings
) -> None:
    handlers = jobs.Handlers()

    @handlers.on(Note)
    async def work(job: Note, run: jobs.Run) -> None:
        await asyncio.sleep(0.5)
        async with run.finish() as unit:
            note(unit, job.word)

    for word in ("in hand", "waiting"):
        await put(app, Note(word=word))
    async with process(settings, handlers, jobs_concurrency=1):
        await until(lambda: _at_work(app))

    assert await noted(app) == ["in hand"]
    assert await states(app) == ["done", "waiting"]


async def test_what_does_not_end_in_time_is_given_back_at_once(
    app: FastAPI, settings: Settings
) -> None:
    handlers = jobs.Handlers()

    @handlers.on(Note)
    async def work(_: Note, __: jobs.Run) -> None:
        await asyncio.sleep(60)

    await put(app, Note(word="given back"))
    async with process(settings, handlers, shutdown_seconds=1):
        await until(lambda: _at_work(app))
    began = time.monotonic()
    async with process(settings, noting()):
        await until(lambda: done(app))

    assert time.monotonic() - began < 5  # and not after the lease of 30 s
    (row,) = await rows(app)
    assert (row["attempt"], row["failures"]) == (2, 0)


async def test_progress_comes_with_each_step_and_within_a_second(
    app: FastAPI, settings: Settings
) -> None:
    handlers, stepped, go_on = jobs.Handlers(), asyncio.Event(), asyncio.Event()

    @handlers.on(Note)
    async def work(_: Note, run: jobs.Run) -> None:
        run.progress(1, total=3, message="reading")
        async with run.step():
            """Nothing but the progress."""
        stepped.set()
        await go_on.wait()
        run.progress(2)
        await asyncio.sleep(60)

    await put(app, Note(word="steps"))
    async with process(settings, handlers, shutdown_seconds=1):
        await stepped.wait()
        (row,) = await rows(app)
        go_on.set()
        await until(lambda: _progress(app, 2), seconds=5)

    assert (row["done"], row["total"], row["message"]) == (1, 3, "reading")


async def _came(words: list[str]) -> bool:
    return bool(words)


async def _at_work(app: FastAPI) -> bool:
    return "running" in await states(app)


async def _are(app: FastAPI, expected: list[str]) -> bool:
    return await states(app) == expected


async def _progress(app: FastAPI, number: int) -> bool:
    (row,) = await rows(app)
    return bool(row["done"] == number)
