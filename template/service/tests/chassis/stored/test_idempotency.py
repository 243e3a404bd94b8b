# Sealed: an update replaces this file.
"""Idempotency keys: the effect of a POST that is sent twice."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import text

from ...conftest import Settings, Token, UnitOfWork, purge
from .sample import LINE, SAMPLE, application

pytestmark = pytest.mark.anyio

KEY = {"idempotency-key": "5c1f7f0e"}


async def count(client: AsyncClient) -> int:
    return len((await client.get("/samples")).json())


async def test_the_same_request_gets_the_same_answer(client: AsyncClient) -> None:
    first = await client.post("/samples", json=SAMPLE, headers=KEY)
    again = await client.post("/samples", json=SAMPLE, headers=KEY)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert await count(client) == 1


async def test_every_post_takes_a_key(client: AsyncClient) -> None:
    sample = await client.post("/samples", json=SAMPLE)

    cancel = sample.headers["location"] + "/cancel"
    first = await client.post(cancel, headers=KEY)
    again = await client.post(cancel, headers=KEY)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content


async def test_another_request_with_the_same_key_is_refused(client: AsyncClient) -> None:
    await client.post("/samples", json=SAMPLE, headers=KEY)

    other = await client.post("/samples", json={**SAMPLE, "note": "other"}, headers=KEY)

    assert other.status_code == 422
    assert other.json()["title"] == "Idempotency key reused"


async def test_keys_belong_to_their_caller(client: AsyncClient, token: Token) -> None:
    await client.post("/samples", json=SAMPLE, headers=KEY)

    bob = {"authorization": f"Bearer {token(sub='bob')}"}
    other = await client.post("/samples", json={**SAMPLE, "note": "bob's"}, headers={**KEY, **bob})

    assert other.status_code == 201
    assert "idempotency-replayed" not in other.headers


async def test_of_requests_at_once_one_has_the_effect(client: AsyncClient) -> None:
    answers = await asyncio.gather(
        *(client.post("/samples", json=SAMPLE, headers=KEY) for _ in range(10))
    )

    seen = Counter(answer.status_code for answer in answers)
    assert seen[201] >= 1
    assert set(seen) <= {201, 409}
    assert await count(client) == 1


async def test_a_key_whose_first_request_is_still_in_progress_is_told_as_such(
    client: AsyncClient, app: FastAPI
) -> None:
    app.state.idempotency.in_flight.add(("alice", KEY["idempotency-key"]))

    answer = await client.post("/samples", json=SAMPLE, headers=KEY)
    app.state.idempotency.in_flight.clear()

    assert answer.status_code == 409
    assert answer.headers["retry-after"] == "1"


async def test_a_key_survives_a_restart(
    client: AsyncClient, settings: Settings, token: Token
) -> None:
    first = await client.post("/samples", json=SAMPLE, headers=KEY)

    restarted = application(settings)
    async with (
        restarted.router.lifespan_context(restarted),
        AsyncClient(transport=ASGITransport(restarted), base_url="http://test") as other,
    ):
        bearer = {"authorization": f"Bearer {token()}"}
        again = await other.post("/samples", json=SAMPLE, headers={**KEY, **bearer})

    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"


async def test_old_answers_are_purged(
    client: AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.post("/samples", json=SAMPLE, headers={"idempotency-key": "kept"})
    monkeypatch.setattr(app.state.idempotency, "lifetime", timedelta(hours=-1))
    await client.post("/samples", json=SAMPLE, headers={"idempotency-key": "old"})

    more = await purge(UnitOfWork(app.state.database))

    rows = await app.state.database.rows(text("SELECT key FROM chassis_idempotency"))
    assert [row["key"] for row in rows] == ["kept"]
    assert not more


async def test_a_failure_is_not_remembered(client: AsyncClient) -> None:
    refused = await client.post("/samples", json={**SAMPLE, "lines": [LINE, LINE]}, headers=KEY)

    accepted = await client.post("/samples", json=SAMPLE, headers=KEY)

    assert (refused.status_code, accepted.status_code) == (422, 201)


async def test_a_key_is_forgotten_after_its_time(
    client: AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state.idempotency, "lifetime", timedelta(0))
    await client.post("/samples", json=SAMPLE, headers=KEY)

    again = await client.post("/samples", json=SAMPLE, headers=KEY)

    assert "idempotency-replayed" not in again.headers
    assert await count(client) == 2


@pytest.mark.parametrize("key", ["", "with space", "x" * 256])
async def test_an_unusable_key_is_refused(client: AsyncClient, key: str) -> None:
    answer = await client.post("/samples", json=SAMPLE, headers={"idempotency-key": key})

    assert answer.status_code == 422
