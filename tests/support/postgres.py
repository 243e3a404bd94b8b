"""Fresh databases on the machine's PostgreSQL."""

import asyncio
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg  # type: ignore[import-untyped]

SERVER = os.environ.get("MSGEN_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


def answers() -> bool:
    """Whether a server is there and lets us in."""
    try:
        _execute("SELECT 1")
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    return True


@contextmanager
def fresh_database() -> Iterator[str]:
    """The URL of an empty database, dropped afterwards with whoever is still connected."""
    name = f"msgen_{uuid.uuid4().hex[:12]}"
    _execute(f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
    finally:
        _execute(f"DROP DATABASE {name} WITH (FORCE)")


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a statement."""

    async def run() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(run())


def _execute(statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(SERVER, timeout=5)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())
