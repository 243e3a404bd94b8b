"""What drivers share: they run with the Python of a generated service, on its code."""

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text

PACKAGE = sys.argv[1]


def part(name: str) -> Any:
    """A module of the service."""
    return importlib.import_module(f"{PACKAGE}.{name}")


def settings(**changed: Any) -> Any:
    """As the environment has them."""
    loaded = part("chassis.config").load(part("settings").Settings)
    part("chassis.logging").configure(loaded)
    return loaded.model_copy(update=changed)


@asynccontextmanager
async def opened(loaded: Any) -> AsyncIterator[Any]:
    """The database of the service, migrated."""
    await asyncio.to_thread(part("chassis.migrate").upgrade, loaded)
    database = part("chassis.database").Database(loaded)
    async with database.opened():
        # The first connection alone: it makes a new SQLite file one with a write-ahead log.
        await database.rows(text("SELECT 1"))
        yield database
