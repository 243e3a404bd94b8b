"""The ledger under concurrent callers."""

import asyncio
from collections import Counter

import pytest
from httpx2 import AsyncClient

from .conftest import balance, open_account

pytestmark = pytest.mark.anyio


async def test_writers_of_one_account_wait_for_each_other(client: AsyncClient) -> None:
    place = await open_account(client)

    answers = await asyncio.gather(
        *(client.post(f"{place}/deposits", json={"amount": 1}) for _ in range(30))
    )

    assert Counter(answer.status_code for answer in answers) == {200: 30}
    assert sorted(answer.json()["balance"] for answer in answers) == list(range(1, 31))
    assert await balance(client, place) == 30


async def test_of_two_changes_to_one_version_one_wins(client: AsyncClient) -> None:
    place = await open_account(client)
    seen = {"if-match": '"1"'}

    answers = await asyncio.gather(
        *(client.post(f"{place}/deposits", json={"amount": 1}, headers=seen) for _ in range(8))
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 7}


async def test_one_account_is_opened_once(client: AsyncClient) -> None:
    body = {"owner": "alice", "currency": "EUR", "name": "Alice Adams"}

    answers = await asyncio.gather(*(client.post("/accounts", json=body) for _ in range(8)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 7}
