"""Accounts, through the front door."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from ..conftest import Token
from .conftest import balance, caught_up, open_account

pytestmark = pytest.mark.anyio


async def test_an_account_is_read_where_the_answer_says(client: AsyncClient) -> None:
    body = {"owner": "alice", "currency": "EUR", "name": "Alice Adams"}

    opened = await client.post("/accounts", json=body)
    read = await client.get(opened.headers["location"])

    assert opened.status_code == 201
    assert read.json().items() >= {**body, "balance": 0, "status": "open", "version": 1}.items()
    assert read.headers["etag"] == opened.headers["etag"] == '"1"'


async def test_the_balance_is_what_came_less_what_went(client: AsyncClient) -> None:
    place = await open_account(client, balance=1000)

    withdrawn = await client.post(f"{place}/withdrawals", json={"amount": 300, "memo": "rent"})

    assert withdrawn.json()["balance"] == await balance(client, place) == 700
    assert withdrawn.headers["etag"] == '"3"'


async def test_an_account_never_goes_below_zero(client: AsyncClient) -> None:
    place = await open_account(client, balance=100)

    refused = await client.post(f"{place}/withdrawals", json={"amount": 101})

    assert refused.status_code == 409
    assert refused.json()["title"] == "Insufficient funds"
    assert await balance(client, place) == 100


async def test_an_owner_has_one_account_in_each_currency(client: AsyncClient) -> None:
    await open_account(client, owner="alice")

    again = await client.post("/accounts", json={"owner": "alice", "currency": "EUR"})
    other = await client.post("/accounts", json={"owner": "alice", "currency": "USD"})

    assert (again.status_code, other.status_code) == (409, 201)
    assert again.json()["title"] == "Account exists"


async def test_an_empty_account_can_be_closed_and_opened_again(client: AsyncClient) -> None:
    place = await open_account(client, owner="alice", balance=100)

    early = await client.post(f"{place}/close")
    await client.post(f"{place}/withdrawals", json={"amount": 100})
    closed = await client.post(f"{place}/close")
    refused = await client.post(f"{place}/deposits", json={"amount": 1})
    again = await open_account(client, owner="alice", balance=5)

    assert (early.status_code, closed.status_code, refused.status_code) == (409, 200, 409)
    assert closed.json()["status"] == "closed"
    assert again == place
    assert await balance(client, place) == 5


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/history"), ("POST", "/deposits"), ("POST", "/withdrawals")],
)
async def test_an_unknown_account_is_told_as_such(
    client: AsyncClient, method: str, path: str
) -> None:
    body = {"amount": 1} if method == "POST" else None

    answer = await client.request(method, f"/accounts/{uuid4()}{path}", json=body)

    assert answer.status_code == 404
    assert answer.json()["title"] == "Account not found"


@pytest.mark.parametrize("amount", [0, -1, 1.5, "5", None, 10**13])
async def test_an_amount_is_whole_cents(client: AsyncClient, amount: Any) -> None:
    place = await open_account(client)

    answer = await client.post(f"{place}/deposits", json={"amount": amount})

    assert answer.status_code == 422


async def test_a_retry_with_the_same_key_deposits_once(client: AsyncClient) -> None:
    place = await open_account(client)
    key = {"idempotency-key": uuid4().hex}

    answers = [
        await client.post(f"{place}/deposits", json={"amount": 5}, headers=key) for _ in range(3)
    ]

    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[2].headers["idempotency-replayed"] == "true"
    assert await balance(client, place) == 5


async def test_a_change_of_an_older_version_is_refused(client: AsyncClient) -> None:
    place = await open_account(client, balance=100)

    answer = await client.post(
        f"{place}/withdrawals", json={"amount": 1}, headers={"if-match": '"1"'}
    )

    assert answer.status_code == 412
    assert await balance(client, place) == 100


async def test_the_list_follows_the_events(app: FastAPI, client: AsyncClient) -> None:
    place = await open_account(client, owner="alice", name="Alice Adams", balance=100)
    await open_account(client, owner="bob")

    await caught_up(app)
    everybody = (await client.get("/accounts")).json()
    one = (await client.get("/accounts", params={"owner": "alice"})).json()

    assert [each["owner"] for each in everybody["items"]] == ["bob", "alice"]
    assert one["items"] == [(await client.get(place)).json()]


async def test_pages_of_the_list_hold_every_account_once(app: FastAPI, client: AsyncClient) -> None:
    places = [await open_account(client) for _ in range(5)]
    await caught_up(app)

    found, query = [], {"limit": "2"}
    while True:
        page = (await client.get("/accounts", params=query)).json()
        found += [f"/accounts/{each['id']}" for each in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]

    assert found == places[::-1]


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/accounts", "ledger:write"),
        ("POST", "/accounts", "ledger:read"),
        ("PUT", f"/payments/{uuid4()}", "ledger:read"),
        ("DELETE", "/owners/alice/personal-data", "ledger:write"),
    ],
)
async def test_a_scope_allows_what_it_says_only(
    client: AsyncClient, token: Token, method: str, path: str, scope: str
) -> None:
    bearer = {"authorization": f"Bearer {token(scope=scope)}"}

    answer = await client.request(method, path, headers=bearer)

    assert answer.status_code == 403
