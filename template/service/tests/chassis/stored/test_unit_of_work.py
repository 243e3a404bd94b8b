# Sealed: an update replaces this file.
"""One transaction: all of it, or nothing."""

from contextlib import suppress

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from ...conftest import UnitOfWork, errors

pytestmark = pytest.mark.anyio

INSERT = text(
    "INSERT INTO chassis_idempotency (caller, key, fingerprint, status, headers, body, expires_at)"
    " VALUES ('c', :key, '', 200, '{}', '', '2026-01-01 00:00:00+00')"
)


@pytest.fixture
def unit(app: FastAPI) -> UnitOfWork:
    return UnitOfWork(app.state.database)


async def stored(app: FastAPI) -> list[str]:
    query = text("SELECT key FROM chassis_idempotency ORDER BY key")
    return [row["key"] for row in await app.state.database.rows(query)]


async def test_leaving_the_block_commits(app: FastAPI, unit: UnitOfWork) -> None:
    async with unit:
        await unit.session.execute(INSERT, {"key": "a"})

    assert await stored(app) == ["a"]


async def test_an_exception_rolls_back(app: FastAPI, unit: UnitOfWork) -> None:
    async def act() -> None:
        async with unit:
            await unit.session.execute(INSERT, {"key": "a"})
            raise LookupError

    with pytest.raises(LookupError):
        await act()

    assert await stored(app) == []


async def test_an_inner_block_joins_the_outer_one(app: FastAPI, unit: UnitOfWork) -> None:
    async def act() -> None:
        async with unit:
            async with unit:
                await unit.session.execute(INSERT, {"key": "a"})
            raise LookupError

    with pytest.raises(LookupError):
        await act()

    assert await stored(app) == []


async def test_a_swallowed_failure_of_an_inner_block_commits_nothing(
    app: FastAPI, unit: UnitOfWork
) -> None:
    async def act() -> None:
        async with unit:
            await unit.session.execute(INSERT, {"key": "a"})
            with suppress(errors.RejectedError):
                async with unit:
                    raise errors.RejectedError

    with pytest.raises(RuntimeError, match="inner block failed"):
        await act()

    assert await stored(app) == []


async def test_what_is_stored_already_is_a_conflict(unit: UnitOfWork) -> None:
    async def act() -> None:
        async with unit:
            await unit.session.execute(INSERT, {"key": "a"})

    await act()
    with pytest.raises(errors.ConflictError):
        await act()
