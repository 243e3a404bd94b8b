"""How it was, and everything that has happened."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlalchemy import insert

from ..conftest import Token, UnitOfWork, event_store
from .conftest import balance, open_account

pytestmark = pytest.mark.anyio


async def history(client: AsyncClient, place: str, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"{place}/history", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_every_version_can_be_read_as_it_was(client: AsyncClient) -> None:
    place = await open_account(client)
    for amount in (100, 20, 3):
        await client.post(f"{place}/deposits", json={"amount": amount})

    balances = [await balance(client, place, version=version) for version in (1, 2, 3, 4)]

    assert balances == [0, 100, 120, 123]


async def test_every_time_can_be_read_as_it_was(client: AsyncClient) -> None:
    place = await open_account(client)
    for amount in (100, 20, 3):
        await client.post(f"{place}/deposits", json={"amount": amount})
    times = [datetime.fromisoformat(each["at"]) for each in await history(client, place)]

    at = [await balance(client, place, at=each.isoformat()) for each in times]
    before = [
        await balance(client, place, at=(each - timedelta(microseconds=1)).isoformat())
        for each in times[1:]
    ]
    now = await balance(client, place, at=(datetime.now(UTC) + timedelta(days=1)).isoformat())

    assert at == [0, 100, 120, 123]
    assert before == [0, 100, 120]
    assert now == 123


async def test_before_it_was_opened_there_was_no_account(client: AsyncClient) -> None:
    place = await open_account(client)

    answer = await client.get(place, params={"at": "2020-01-01T00:00:00Z"})

    assert answer.status_code == 404


async def test_a_version_that_is_to_come_is_not_there(client: AsyncClient) -> None:
    place = await open_account(client)

    answer = await client.get(place, params={"version": 2})

    assert answer.status_code == 404
    assert answer.json()["title"] == "Version not found"


@pytest.mark.parametrize(
    "query",
    [
        {"version": 0},
        {"version": "one"},
        {"at": "2026-01-01T00:00:00"},
        {"at": "2026-01-01T00:00:00Z", "version": 1},
    ],
)
async def test_a_point_in_time_that_is_none_is_refused(
    client: AsyncClient, query: dict[str, Any]
) -> None:
    place = await open_account(client)

    answer = await client.get(place, params=query)

    assert answer.status_code == 422


async def test_the_history_says_who_did_what_when_and_in_which_request(
    client: AsyncClient, token: Token
) -> None:
    began = datetime.now(UTC)
    place = await open_account(client, owner="alice", name="Alice Adams")
    withdrawn = await client.post(
        f"{place}/deposits",
        json={"amount": 5, "memo": "birthday"},
        headers={
            "authorization": f"Bearer {token(sub='bob')}",
            "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01",
        },
    )

    opened, deposited = await history(client, place)

    assert [opened["type"], deposited["type"]] == ["AccountOpened", "MoneyDeposited"]
    assert [opened["version"], deposited["version"]] == [1, 2]
    assert [opened["actor"], deposited["actor"]] == ["alice", "bob"]
    assert opened["data"] == {"owner": "alice", "currency": "EUR", "name": "Alice Adams"}
    assert deposited["data"] == {"amount": 5, "memo": "birthday"}
    assert deposited["request_id"] == withdrawn.headers["x-request-id"]
    assert deposited["trace_id"] == "ab" * 16
    assert began <= datetime.fromisoformat(opened["at"]) <= datetime.now(UTC)


async def test_a_history_comes_in_pages(client: AsyncClient) -> None:
    place = await open_account(client)
    for amount in (1, 2, 3, 4):
        await client.post(f"{place}/deposits", json={"amount": amount})

    first = (await client.get(f"{place}/history", params={"limit": 3})).json()
    second = (await client.get(f"{place}/history", params={"after": first["next"]})).json()
    beyond = (await client.get(f"{place}/history", params={"after": 9})).json()

    assert [each["version"] for each in first["items"] + second["items"]] == [1, 2, 3, 4, 5]
    assert (second["next"], beyond["items"]) == (None, [])


async def test_an_account_of_the_first_version_of_the_service_is_read_as_today(
    app: FastAPI, client: AsyncClient
) -> None:
    account, at = uuid4(), datetime(2020, 1, 1, tzinfo=UTC)
    told = {"actor": "", "request_id": "", "trace_id": "", "at": at, "digest": b""}
    old = {"type": "AccountOpened", "schema": 1, "data": {"owner": "alice"}}
    query = insert(event_store.tables.EventRow).values(
        stream=f"account-{account}", version=1, **old, **told
    )
    async with UnitOfWork(app.state.database) as unit:
        await unit.session.execute(query)

    read = (await client.get(f"/accounts/{account}")).json()

    assert (read["owner"], read["currency"], read["version"]) == ("alice", "EUR", 1)
