# Sealed: an update replaces this file.
"""The application of the tests of the event store: with small snapshots and batches."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from sqlalchemy import delete

from ...conftest import Settings, UnitOfWork, create_app, event_store
from .sample import SUMS, Sums


@pytest.fixture(scope="session")
def sums() -> Sums:
    return Sums()


@pytest.fixture(scope="session")
async def started(settings: Settings, sums: Sums) -> AsyncIterator[FastAPI]:
    # Woken, not polling: a test that waits for a poll would not end.
    small = {"snapshot_events": 5, "projection_batch": 4, "projection_poll_seconds": 60}
    app = create_app(settings.model_copy(update=small))
    event_store.project(app, (sums,))
    async with app.router.lifespan_context(app):
        async with app.state.database.writer.begin() as connection:
            await connection.run_sync(SUMS.metadata.create_all)
        yield app


@pytest.fixture
async def app(app: FastAPI) -> FastAPI:
    # Before the test: what is left of the one before would be written once more.
    async with UnitOfWork(app.state.database) as unit:
        await unit.session.execute(delete(SUMS))
    return app
