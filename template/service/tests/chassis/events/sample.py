# Sealed: an update replaces this file.
"""Events of the tests' own, and what is done about them: the audit log tells what was."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text

from ...conftest import Settings, audit, create_app, errors, events

__all__ = ["SampleFailed", "SampleMade", "Trouble", "application", "done", "until"]


class SampleMade(events.Event, topic="samples", key="sample_id"):
    sample_id: UUID
    number: int = 0


class SampleFailed(events.Event, topic="samples", key="sample_id"):
    """Whoever handles it fails as it says, so many times."""

    sample_id: UUID
    how: str
    times: int = 1_000_000


class Trouble:
    """How often an event has failed by now."""

    failed: int = 0


handlers = events.Handlers()


@handlers.on(SampleMade)
async def note(event: SampleMade, unit: events.UnitOfWork, incoming: events.Incoming) -> None:
    _record(unit, event.sample_id, number=event.number, actor=incoming.actor)


@handlers.on(SampleFailed)
async def fail(event: SampleFailed, unit: events.UnitOfWork, _: events.Incoming) -> None:
    _record(unit, event.sample_id, how=event.how)
    if Trouble.failed < event.times:
        Trouble.failed += 1
        raise {
            "rejected": errors.RejectedError("it cannot be done"),
            "unavailable": errors.UnavailableError("upstream is away"),
            "later": events.Later("its elder is missing"),
            "bug": RuntimeError("password=hunter2"),
        }[event.how]


def _record(unit: events.UnitOfWork, sample_id: UUID, **after: object) -> None:
    audit.record(
        unit.session,
        action="sample_noted",
        entity="sample",
        entity_id=sample_id,
        after=dict(after),
    )


def application(settings: Settings) -> FastAPI:
    """The service, with these handlers."""
    app = create_app(settings)
    events.consume(app, handlers)
    return app


_DONE = text(
    "SELECT entity_id, after, actor, request_id FROM chassis_audit"
    " WHERE action = 'sample_noted' ORDER BY at, id"
)


async def done(app: FastAPI) -> list[str]:
    """The samples that were handled, in this order."""
    return [str(row["entity_id"]) for row in await app.state.database.rows(_DONE)]


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
