# Sealed: an update replaces this file.
"""A database for each module, and a process that drives sagas on it."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from ...conftest import Database, Settings, migrate
from .sample import QUICK, Process, Room, driving


@pytest.fixture(scope="module")
def basis(settings: Settings, new_database: Database) -> Settings:
    found = settings.model_copy(update={**QUICK, "database_url": SecretStr(new_database())})
    migrate.upgrade(found)
    return found


@pytest.fixture(scope="module")
def room() -> Room:
    return Room()


@pytest.fixture(scope="module")
async def process(basis: Settings, room: Room) -> AsyncIterator[Process]:
    saga = room.saga("first", "second", "ask", "last")
    brief = room.saga("first", "ask", "second", version=2, seconds=0.5)
    async with driving(basis, room, saga, brief) as started:
        yield started
