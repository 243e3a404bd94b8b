# Sealed: an update replaces this file.
"""What is put in the queue is done: once, in order, and no more of it at once than may be."""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from ...conftest import Settings, UnitOfWork, jobs
from .sample import Note, Slow, note, noted, noting, process, put, rows, states, until

pytestmark = pytest.mark.anyio


async def test_a_job_is_there_if_its_transaction_is_committed(
    app: FastAPI, settings: Settings
) -> None:
    with suppress(LookupError):
        async with UnitOfWork(app.state.database) as unit:
            await jobs.enqueue(unit, Note(word="lost"))
            raise LookupError
    await put(app, Note(word="kept"))

    async with process(settings, noting()):
        await until(lambda: _all(app, "done"))

    assert await noted(app) == ["kept"]


async def test_a_key_lets_one_job_in(app: FastAPI, settings: Settings) -> None:
    first = await put(app, Note(word="one"), key="k")
    async with process(settings, noting()):
        await until(lambda: _all(app, "done"))
        again = await put(app, Note(word="two"), key="k")

    assert first is not None
    assert again is None
    assert await noted(app) == ["one"]


async def test_the_urgent_go_first_and_nobody_before_the_time(
    app: FastAPI, settings: Settings
) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    await put(app, Note(word="later"), priority=9, run_at=later)
    for word, priority in (("second", 0), ("third", 0), ("first", 5)):
        await put(app, Note(word=word), priority=priority)

    async with process(settings, noting(), jobs_concurrency=1):
        await until(lambda: _number(app, "done", 3))

    assert await noted(app) == ["first", "second", "third"]
    assert await states(app) == ["waiting", "done", "done", "done"]


async def test_jobs_of_many_processes_are_each_done_once(app: FastAPI, settings: Settings) -> None:
    words = [f"{number:03}" for number in range(60)]
    async with UnitOfWork(app.state.database) as unit:
        for word in words:
            await jobs.enqueue(unit, Note(word=word))

    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(process(settings, noting()))
        await until(lambda: _all(app, "done"))

    assert sorted(await noted(app)) == words
    assert {row["attempt"] for row in await rows(app)} == {1}


async def test_no_more_run_at_once_than_their_limit_over_all_processes(
    app: FastAPI, settings: Settings
) -> None:
    running, most = 0, 0
    handlers = jobs.Handlers()

    @handlers.on(Slow, at_once=2)
    async def work(_: Slow, __: jobs.Run) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1

    for _ in range(12):
        await put(app, Slow())
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(process(settings, handlers))
        await until(lambda: _all(app, "done", Slow))

    assert most == 2


async def test_a_limit_of_one_job_holds_up_no_other(app: FastAPI, settings: Settings) -> None:
    handlers, free = noting(), asyncio.Event()

    @handlers.on(Slow, at_once=1)
    async def work(_: Slow, __: jobs.Run) -> None:
        await free.wait()

    for _ in range(5):
        await put(app, Slow(), priority=5)
    await put(app, Note(word="between"))

    async with process(settings, handlers, jobs_concurrency=2):
        await until(lambda: _all(app, "done"))
        assert sorted(await states(app, Slow)) == ["running", *["waiting"] * 4]
        free.set()
        await until(lambda: _all(app, "done", Slow))


async def test_a_job_of_a_newer_version_waits_for_who_knows_it(
    app: FastAPI, settings: Settings
) -> None:
    await put(app, Note(word="new"))
    await _write(app, "UPDATE chassis_jobs SET version = 2")

    async with process(settings, noting()):
        await put(app, Slow())  # nobody knows this one
        await put(app, Note(word="old"))
        await until(lambda: _number(app, "done", 1))

    assert await states(app) == ["waiting", "done"]
    assert await states(app, Slow) == ["waiting"]


async def test_a_job_of_an_older_version_is_read_as_it_is_now(
    app: FastAPI, settings: Settings
) -> None:
    class Told(jobs.Job, name="note", version=3):
        words: list[str]

    @Told.upcast(1)
    def _many(data: dict[str, Any]) -> dict[str, Any]:
        return {"words": data["word"]}

    @Told.upcast(2)
    def _list(data: dict[str, Any]) -> dict[str, Any]:
        return {"words": [data["words"]]}

    handlers = jobs.Handlers()

    @handlers.on(Told)
    async def work(job: Told, run: jobs.Run) -> None:
        async with run.finish() as unit:
            note(unit, job.words[0])

    await put(app, Note(word="old"))
    async with process(settings, handlers):
        await until(lambda: _all(app, "done"))

    assert await noted(app) == ["old"]


async def test_a_job_is_logged_under_the_request_that_asked_for_it(
    app: FastAPI, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    await put(app, Note(word="seen"))
    await _write(app, "UPDATE chassis_jobs SET request_id = 'req-7'")

    async with process(settings, noting()):
        await until(lambda: _all(app, "done"))

    (line,) = [line for line in capfd.readouterr().out.splitlines() if '"job":"note"' in line]
    assert '"request_id":"req-7"' in line
    actor = await app.state.database.rows(text("SELECT actor, request_id FROM chassis_audit"))
    assert dict(actor[0]) == {"actor": "job:note", "request_id": "req-7"}


async def _write(app: FastAPI, statement: str) -> None:
    async with UnitOfWork(app.state.database) as unit:
        await unit.session.execute(text(statement))


async def _all(app: FastAPI, state: str, job: type[jobs.Job] = Note) -> bool:
    return set(await states(app, job)) == {state}


async def _number(app: FastAPI, state: str, number: int) -> bool:
    return (await states(app)).count(state) == number
