# Sealed: an update replaces this file.
"""The application of the tests of events: it listens to what it tells."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from ...conftest import Settings
from .sample import application


@pytest.fixture(scope="session")
async def started(settings: Settings) -> AsyncIterator[FastAPI]:
    # Woken, not polling: a test that waits for a poll would not end.
    quick = {"events_poll_seconds": 60, "events_backoff_seconds": 0.01, "events_attempts": 3}
    app = application(settings.model_copy(update=quick | {"events_later_seconds": 0.5}))
    async with app.router.lifespan_context(app):
        yield app
