"""The record of received calls."""

import httpx2
import pytest

from .conftest import Simulate, Token

pytestmark = pytest.mark.anyio

CALLS = "/_simulator/calls"


async def test_calls_can_be_asserted_on(shop: httpx2.AsyncClient) -> None:
    await shop.post("/customers?source=web", json={"name": "Anna"})
    await shop.get("/prices")
    await shop.get("/sweets")

    made = (await shop.get(f"{CALLS}?operation=createCustomer")).json()["items"]
    missed = (await shop.get(f"{CALLS}?status=404")).json()["items"]
    later = (await shop.get(f"{CALLS}?after=2")).json()["items"]

    assert [each["body"] for each in made] == [{"name": "Anna"}]
    assert (made[0]["query"], made[0]["status"]) == ({"source": "web"}, 201)
    assert [each["path"] for each in missed] == ["/sweets"]
    assert [each["number"] for each in later] == [3]


async def test_what_was_wrong_with_a_call_is_recorded(shop: httpx2.AsyncClient) -> None:
    await shop.get("/customers?limit=0")

    [call] = (await shop.get(CALLS)).json()["items"]

    assert call["problems"][0]["at"] == "query.limit"


async def test_credentials_are_hidden(shop: httpx2.AsyncClient) -> None:
    await shop.get("/prices", headers={"x-api-key": "hunter2", "cookie": "session=hunter3"})

    answer = await shop.get(CALLS)

    assert "hunter" not in answer.text
    assert answer.json()["items"][0]["headers"]["x-api-key"] == "[hidden]"


async def test_the_record_can_be_forgotten_and_is_bounded(simulate: Simulate) -> None:
    shop = await simulate(provider_calls_kept=2)
    for _ in range(5):
        await shop.get("/prices")
    kept = (await shop.get(CALLS)).json()["items"]

    await shop.delete(CALLS)

    assert [each["number"] for each in kept] == [4, 5]
    assert (await shop.get(CALLS)).json() == {"items": []}


@pytest.mark.parametrize("path", ["calls", "state", "faults", "scenarios", "webhooks", "gaps"])
async def test_the_simulators_own_routes_want_a_token_with_the_scope(
    shop: httpx2.AsyncClient, token: Token, path: str
) -> None:
    other = {"authorization": f"Bearer {token(scope='simulator:look')}"}
    nobody = {"authorization": ""}

    answers = [
        await shop.get(f"/_simulator/{path}"),
        await shop.get(f"/_simulator/{path}", headers=other),
        await shop.get(f"/_simulator/{path}", headers=nobody),
    ]

    assert [each.status_code for each in answers] == [200, 403, 401]
