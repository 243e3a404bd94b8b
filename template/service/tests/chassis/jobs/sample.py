# Sealed: an update replaces this file.
"""Jobs of the tests' own, and processes that do them: the audit log is all that they write to."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from sqlalchemy import RowMapping, select, text

from ...conftest import Settings, UnitOfWork, audit, create_app, jobs

QUICK = {"jobs_poll_seconds": 0.05, "jobs_backoff_seconds": 0.01, "jobs_attempts": 3}
_NOTED = text("SELECT entity_id FROM chassis_audit WHERE action = 'noted' ORDER BY id")


class Note(jobs.Job, name="note"):
    """Is noted in the audit log."""

    word: str


class Slow(jobs.Job, name="slow"):
    word: str = "slow"


@asynccontextmanager
async def process(
    settings: Settings, handlers: jobs.Handlers, **changes: Any
) -> AsyncIterator[FastAPI]:
    """One more instance of the service, which knows these jobs too."""
    app = create_app(settings.model_copy(update={**QUICK, **changes}))
    jobs.work(app, handlers)
    async with app.router.lifespan_context(app):
        yield app


async def put(app: FastAPI, job: jobs.Job, **how: Any) -> Any:
    async with UnitOfWork(app.state.database) as unit:
        return await jobs.enqueue(unit, job, **how)


def note(unit: UnitOfWork, word: str) -> None:
    audit.record(unit.session, action="noted", entity="note", entity_id=word)


async def noted(app: FastAPI) -> list[str]:
    return [row["entity_id"] for row in await app.state.database.rows(_NOTED)]


async def rows(app: FastAPI, job: type[jobs.Job] = Note) -> Sequence[RowMapping]:
    columns = jobs.JobRow.__table__.c
    query = select(*columns).where(columns.name == job.job_name).order_by(columns.id)
    found: Sequence[RowMapping] = await app.state.database.rows(query)
    return found


async def states(app: FastAPI, job: type[jobs.Job] = Note) -> list[str]:
    return [row["state"] for row in await rows(app, job)]


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "it did not come to that"
        await asyncio.sleep(0.02)


def noting() -> jobs.Handlers:
    handlers = jobs.Handlers()

    @handlers.on(Note)
    async def work(job: Note, run: jobs.Run) -> None:
        async with run.finish() as unit:
            note(unit, job.word)

    return handlers
