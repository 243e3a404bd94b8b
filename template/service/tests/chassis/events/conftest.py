# Sealed: an update replaces this file.
"""The application of the tests of events: it listens to what it tells."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from ...conftest import Database, Settings
from .sample import application


@pytest.fixture(scope="session")
def settings(
    settings: Settings, new_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """With a database and a bus of its own: the other application of these tests, which runs
    beside it, has no handlers for the samples and would take what is to be replayed."""
    bus = tmp_path_factory.mktemp("bus") / "bus.db"
    own = {
        "database_url": SecretStr(new_database()),
        "bus_url": SecretStr(f"sqlite:///{bus}"),
    }
    # Woken, not polling: a test that waits for a poll would not end.
    quick = {"events_poll_seconds": 60, "events_backoff_seconds": 0.01, "events_attempts": 3}
    return settings.model_copy(update={**own, **quick, "events_later_seconds": 0.5})


@pytest.fixture(scope="session")
async def started(settings: Settings) -> AsyncIterator[FastAPI]:
    app = application(settings)
    async with app.router.lifespan_context(app):
        yield app
