# Sealed: an update replaces this file.
"""What becomes of jobs that fail: again, dead with a reason, replayed, cancelled."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from fastapi import FastAPI

from ...conftest import PACKAGE, PREFIX, Settings, UnitOfWork, errors, jobs
from .sample import Note, note, noted, noting, process, put, rows, states, until

pytestmark = pytest.mark.anyio

Raising = Callable[[jobs.Run], Exception | None]


def failing(raising: Raising, **how: float) -> jobs.Handlers:
    """Notes the word in vain as long as there is something to raise; and that it was given up."""
    handlers = jobs.Handlers()

    @handlers.on(Note, **how)  # type: ignore[arg-type]
    async def work(job: Note, run: jobs.Run) -> None:
        async with run.finish() as unit:
            note(unit, job.word)
            if (error := raising(run)) is not None:
                raise error

    @handlers.gave_up(Note)
    async def give_up(job: Note, unit: UnitOfWork, reason: str) -> None:
        note(unit, f"{job.word}: {reason}"[:64])

    return handlers


async def ended(app: FastAPI, state: str) -> bool:
    return set(await states(app)) == {state}


async def test_it_is_tried_again_and_then_done_once(app: FastAPI, settings: Settings) -> None:
    raising: Raising = lambda run: OSError("disk") if run.attempt < 3 else None  # noqa: E731
    await put(app, Note(word="at last"))

    async with process(settings, failing(raising)):
        await until(lambda: ended(app, "done"))

    assert await noted(app) == ["at last"]
    assert (await rows(app))[0]["attempt"] == 3


async def test_after_its_attempts_it_is_dead_with_a_reason_that_tells_no_secret(
    app: FastAPI, settings: Settings
) -> None:
    await put(app, Note(word="never"))

    async with process(settings, failing(lambda _: OSError("password=hunter2"))):
        await until(lambda: ended(app, "dead"))

    (row,) = await rows(app)
    assert (row["attempt"], row["failures"], row["reason"]) == (3, 2, "OSError")
    assert await noted(app) == ["never: OSError"]


async def test_what_a_rule_forbids_is_not_tried_again(app: FastAPI, settings: Settings) -> None:
    await put(app, Note(word="no"))

    async with process(settings, failing(lambda _: errors.RejectedError("not like this"))):
        await until(lambda: ended(app, "dead"))

    (row,) = await rows(app)
    assert (row["attempt"], row["reason"]) == (1, "Rejected: not like this")


async def test_what_is_away_is_waited_for_without_counting(
    app: FastAPI, settings: Settings
) -> None:
    raising: Raising = lambda run: errors.UnavailableError() if run.attempt < 6 else None  # noqa: E731
    await put(app, Note(word="patient"))

    async with process(settings, failing(raising)):
        await until(lambda: ended(app, "done"))

    (row,) = await rows(app)
    assert (row["attempt"], row["failures"]) == (6, 0)


async def test_data_that_cannot_be_read_make_it_dead(app: FastAPI, settings: Settings) -> None:
    class Other(jobs.Job, name="note"):
        number: int = 0

    await put(app, Other())

    async with process(settings, noting()):
        await until(lambda: ended(app, "dead"))

    assert "the data cannot be read" in (await rows(app))[0]["reason"]


async def test_a_job_that_takes_too_long_is_stopped(app: FastAPI, settings: Settings) -> None:
    handlers = jobs.Handlers()

    @handlers.on(Note, seconds=0.1, attempts=1)
    async def work(_: Note, run: jobs.Run) -> None:
        async with run.finish():
            await asyncio.sleep(60)

    await put(app, Note(word="endless"))
    async with process(settings, handlers):
        await until(lambda: ended(app, "dead"))

    assert (await rows(app))[0]["reason"] == "Took too long: it took longer than 0.1 s"


async def test_a_dead_job_is_replayed_after_the_repair(app: FastAPI, settings: Settings) -> None:
    broken = True
    raising: Raising = lambda _: errors.RejectedError("broken") if broken else None  # noqa: E731
    job_id = await put(app, Note(word="repaired"))

    async with process(settings, failing(raising)):
        await until(lambda: ended(app, "dead"))
        broken = False
        await jobs.replay(UnitOfWork(app.state.database), job_id)
        await until(lambda: ended(app, "done"))

    assert await noted(app) == ["repaired: Rejected: broken", "repaired"]


async def test_only_dead_jobs_are_replayed_and_none_that_is_over_cancelled(
    app: FastAPI, settings: Settings
) -> None:
    job_id = await put(app, Note(word="done"))
    async with process(settings, noting()):
        await until(lambda: ended(app, "done"))

    with pytest.raises(errors.ConflictError, match="only dead ones"):
        await jobs.replay(UnitOfWork(app.state.database), job_id)
    with pytest.raises(errors.ConflictError, match="done already"):
        await jobs.cancel(UnitOfWork(app.state.database), job_id)


async def test_a_job_is_cancelled_whether_it_waits_or_is_at_work(
    app: FastAPI, settings: Settings
) -> None:
    handlers = failing(lambda _: None, at_once=1)

    @handlers.on(Note, at_once=1)
    async def work(_: Note, run: jobs.Run) -> None:
        async with run.step():
            """It has begun."""
        await asyncio.sleep(60)

    @handlers.gave_up(Note)
    async def give_up(job: Note, unit: UnitOfWork, reason: str) -> None:
        note(unit, f"{job.word}: {reason}")

    ids = [await put(app, Note(word=word)) for word in ("at work", "waiting")]
    async with process(settings, handlers, jobs_visibility_seconds=1):
        await until(lambda: _is(app, ["running", "waiting"]))
        for job_id in reversed(ids):
            await jobs.cancel(UnitOfWork(app.state.database), job_id)
        await until(lambda: ended(app, "cancelled"))

    told = {f"{word}: somebody cancelled it" for word in ("at work", "waiting")}
    assert set(await noted(app)) == told


async def test_commands_show_replay_and_cancel(app: FastAPI, settings: Settings) -> None:
    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", PACKAGE, "jobs", *arguments],
            env={f"{PREFIX}DATABASE_URL": settings.database_url.get_secret_value()},
            capture_output=True,
            text=True,
        )

    job_id = str(await put(app, Note(word="shown")))

    listed, shown = run("list", "--name", "note"), run("show", job_id)
    refused, cancelled = run("replay", job_id), run("cancel", job_id)

    assert [line.split()[:3] for line in listed.stdout.splitlines()] == [
        [job_id, "note", "waiting"]
    ]
    assert json.loads(shown.stdout)["data"] == {"word": "shown"}
    assert (refused.returncode, cancelled.returncode) == (1, 0)
    assert "only dead ones are replayed" in refused.stderr
    assert (await rows(app))[0]["cancel"]


async def _is(app: FastAPI, expected: list[str]) -> bool:
    return await states(app) == expected
