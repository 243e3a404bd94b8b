"""Rate limits and load shedding."""

import asyncio

import httpx2
import pytest

from ..conftest import Live
from .conftest import Gateway, bearer_of

pytestmark = pytest.mark.anyio


async def test_the_rate_of_a_route_is_told_and_held(gateway: Live) -> None:
    async with httpx2.AsyncClient(base_url=gateway.url) as client:
        answers = [await client.get("/rated/x") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["ratelimit"].split(";")[:2] for answer in answers] == [
        ['"client"', "r=2"], ['"client"', "r=1"], ['"client"', "r=0"], ['"client"', "r=0"],
    ]  # fmt: skip
    assert answers[0].headers["ratelimit-policy"] == '"client";q=3;w=3600'
    assert int(answers[3].headers["retry-after"]) > 0
    assert answers[3].json()["type"] == "urn:problem:too-many-requests"


async def test_each_caller_has_a_rate_of_his_own(gateway: Live) -> None:
    ann, bob = bearer_of(gateway, subject="ann"), bearer_of(gateway, subject="bob")
    async with httpx2.AsyncClient(base_url=gateway.url) as client:
        anns = [(await client.get("/each/x", headers=ann)).status_code for _ in range(3)]
        bobs = (await client.get("/each/x", headers=bob)).status_code

    assert (anns, bobs) == ([200, 200, 429], 200)


async def test_callers_of_a_tenant_share_its_rate(gateway: Live) -> None:
    who = [("ann", "tea"), ("bob", "tea"), ("cid", "tea"), ("ann", "jam"), ("dan", "")]
    headers = [bearer_of(gateway, subject=name, tenant=tenant) for name, tenant in who]
    async with httpx2.AsyncClient(base_url=gateway.url) as client:
        answers = [await client.get("/tenant/x", headers=each) for each in headers]

    assert [answer.status_code for answer in answers] == [200, 200, 429, 200, 200]
    assert answers[2].headers["ratelimit-policy"] == '"tenant";q=2;w=3600'


async def test_more_requests_at_once_than_it_takes_are_turned_away(start: Gateway) -> None:
    narrow = start(requests_at_once="2")
    async with httpx2.AsyncClient(base_url=narrow.url, timeout=10) as client:
        slow = [asyncio.create_task(client.get("/wild/slow")) for _ in range(8)]
        statuses = [(await each).status_code for each in slow]
        after = await client.get("/open/x")

    assert sorted(set(statuses)) == [200, 503]
    assert statuses.count(200) == 2
    assert after.status_code == 200
