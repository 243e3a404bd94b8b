# Sealed: an update replaces this file.
"""A database that fails: what the caller is told."""

import asyncio
from contextlib import nullcontext

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ...conftest import Settings, Token, UnitOfWork, errors
from .sample import SAMPLE, application

pytestmark = pytest.mark.anyio


async def post(app: FastAPI, token: str) -> Response:
    bearer = {"authorization": f"Bearer {token}"}
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        return await client.post("/samples", json=SAMPLE, headers=bearer)


async def test_a_database_that_is_away_is_told_as_such(settings: Settings, token: Token) -> None:
    away = SecretStr("postgresql://nobody@127.0.0.1:1/nothing")
    app = application(settings.model_copy(update={"database_url": away}))

    answer = await post(app, token())

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["title"] == "Database unavailable"


async def test_a_pool_that_is_used_up_is_told_as_such(settings: Settings, token: Token) -> None:
    small = {"pool_size": 1, "pool_overflow": 0, "pool_wait_seconds": 0.5}
    app = application(settings.model_copy(update=small))

    async with UnitOfWork(app.state.database):
        answer = await post(app, token())
        await app.state.database.check()

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


async def test_a_commit_that_fails_is_no_success(app: FastAPI) -> None:
    unit = UnitOfWork(app.state.database)
    async with unit:
        await unit.session.execute(text("CREATE TABLE parents (id INTEGER PRIMARY KEY)"))
        await unit.session.execute(
            text(
                "CREATE TABLE children (parent INTEGER"
                " REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)"
            )
        )

    done: list[str] = []

    async def act() -> None:
        async with unit:
            await unit.session.execute(text("INSERT INTO children VALUES (7)"))
            unit.after_commit(lambda: done.append("committed"))
        done.append("left")

    with pytest.raises(errors.ConflictError):
        await act()
    async with unit:
        await unit.session.execute(text("DROP TABLE children"))
        await unit.session.execute(text("DROP TABLE parents"))

    assert done == []


async def test_a_mistake_of_ours_is_not_blamed_on_the_database(app: FastAPI) -> None:
    async def wrong_sql() -> None:
        await app.state.database.rows(text("SELEKT 1"))

    async def other_trouble() -> None:
        async with UnitOfWork(app.state.database):
            raise FileNotFoundError("a template")

    with pytest.raises(DBAPIError):
        await wrong_sql()
    with pytest.raises(FileNotFoundError):
        await other_trouble()


async def test_text_that_postgresql_has_no_place_for_is_the_callers_fault(
    app: FastAPI, settings: Settings
) -> None:
    stores_all = settings.url.get_backend_name() == "sqlite"

    with nullcontext() if stores_all else pytest.raises(errors.RejectedError, match="cannot store"):
        await app.state.database.rows(text("SELECT CAST(:value AS TEXT)"), value="a\x00b")


async def test_values_are_kept_out_of_the_errors_of_the_database(app: FastAPI) -> None:
    async def act() -> None:
        await app.state.database.rows(text("SELEKT :value"), value="hunter2")

    with pytest.raises(DBAPIError) as error:
        await act()

    assert "hunter2" not in str(error.value)


async def test_the_gauge_of_connections_comes_back_to_nothing(app: FastAPI) -> None:
    async def failing() -> None:
        async with UnitOfWork(app.state.database) as unit:
            await unit.session.execute(text("SELEKT 1"))

    for _ in range(3):
        with pytest.raises(DBAPIError):
            await failing()

    transport = ASGITransport(app)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        metrics = (await client.get("/metrics")).text
    used = [line for line in metrics.splitlines() if line.startswith("db_client_connections_used{")]
    assert used
    assert all(line.endswith(" 0.0") for line in used), used


async def test_whoever_waits_for_a_connection_is_served_in_turn(settings: Settings) -> None:
    app = application(settings.model_copy(update={"pool_size": 1, "pool_overflow": 0}))
    served: list[int] = []

    async def work(number: int) -> None:
        for _ in range(3):
            async with UnitOfWork(app.state.database) as unit:
                await unit.session.execute(text("SELECT 1"))
                served.append(number)

    await asyncio.gather(*(work(number) for number in range(5)))

    assert served == [*range(5)] * 3
