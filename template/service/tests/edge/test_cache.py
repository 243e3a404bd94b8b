"""Answers that are kept: for whom, and for how long."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from ..conftest import Live
from .conftest import Gateway, bearer_of
from .polling import until_metric
from .upstream import Upstream

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(gateway: Live) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=gateway.url) as client:
        yield client


def asking(name: str, cares: str, **more: str) -> str:
    query = httpx2.QueryParams({"cache-control": cares, **more})
    return f"/cached/{name}?{query}"


@pytest.mark.parametrize(
    ("name", "cares", "more", "asked"),
    [
        ("kept", "max-age=60", {}, 1),
        ("shared", "public, s-maxage=60, max-age=0", {}, 1),
        ("none", "", {}, 2),
        ("no-store", "no-store, max-age=60", {}, 2),
        ("private", "private, max-age=60", {}, 2),
        ("no-cache", "no-cache", {}, 2),
        ("stale", "max-age=0", {}, 2),
        ("cookie", "max-age=60", {"set-cookie": "a=b"}, 2),
        ("any", "max-age=60", {"vary": "*"}, 2),
        ("old", "max-age=60", {"age": "61"}, 2),
    ],
)
async def test_the_upstream_says_what_may_be_kept(
    client: httpx2.AsyncClient,
    upstream: Upstream,
    name: str,
    cares: str,
    more: dict[str, str],
    asked: int,
) -> None:
    address = asking(name, cares, **more)

    first, second = await client.get(address), await client.get(address)

    assert first.content != b""
    assert second.status_code == 200
    assert upstream.asked[name] == asked
    assert ("age" in second.headers) == (asked == 1 or name == "old")


async def test_what_an_answer_varies_by_is_minded(
    client: httpx2.AsyncClient, upstream: Upstream
) -> None:
    address = asking("vary", "max-age=60", vary="accept-language")

    for language in ("de", "fr", "de", "fr"):
        await client.get(address, headers={"accept-language": language})

    assert upstream.asked["vary"] == 2


async def test_a_client_that_has_the_answer_is_told_so(client: httpx2.AsyncClient) -> None:
    address = asking("tagged", "max-age=60", etag='"v1"')
    await client.get(address)

    answer = await client.get(address, headers={"if-none-match": 'W/"v1"'})

    assert (answer.status_code, answer.content) == (304, b"")


async def test_a_client_may_ask_for_a_new_one(
    client: httpx2.AsyncClient, upstream: Upstream
) -> None:
    address = asking("anew", "max-age=60")

    for _ in range(2):
        await client.get(address, headers={"cache-control": "no-cache"})

    assert upstream.asked["anew"] == 2


async def test_a_change_makes_it_forget(client: httpx2.AsyncClient, upstream: Upstream) -> None:
    address = asking("changed", "max-age=60")

    for method in ("GET", "POST", "GET"):
        await client.request(method, address)

    assert upstream.asked["changed"] == 3


async def test_no_caller_gets_the_answer_of_another(gateway: Live, upstream: Upstream) -> None:
    answers = []
    async with httpx2.AsyncClient(base_url=gateway.url) as client:
        for subject in ("ann", "bob", "ann"):
            headers = bearer_of(gateway, subject=subject, scope="good:read")
            address = "/good/own?cache-control=max-age%3D60"
            answers.append((await client.get(address, headers=headers)).json())

    tokens = [dict(answer["headers"])["authorization"] for answer in answers]
    assert tokens[0] == tokens[2] != tokens[1]
    assert upstream.asked["own"] == 2


async def test_an_answer_to_a_cookie_is_kept_for_nobody(
    client: httpx2.AsyncClient, upstream: Upstream
) -> None:
    for _ in range(2):
        await client.get(asking("biscuit", "max-age=60"), headers={"cookie": "session=1"})

    assert upstream.asked["biscuit"] == 2


@pytest.mark.parametrize(("cares", "asked"), [("max-age=60", 1), ("no-store", 5)])
async def test_equal_misses_at_once_ask_the_upstream_once_if_the_answer_may_be_kept(
    start: Gateway, upstream: Upstream, cares: str, asked: int
) -> None:
    gateway = start()
    upstream.asked.clear()
    upstream.ready.clear()
    async with httpx2.AsyncClient(base_url=gateway.url, timeout=20) as client:
        work = [asyncio.create_task(client.get(asking("late", cares))) for _ in range(5)]
        await until_metric(client, 'edge_cache_total{result="miss"} 5.0')
        before = upstream.asked["late"]
        upstream.ready.set()
        answers = await asyncio.gather(*work)

    assert (before, upstream.asked["late"]) == (1, asked)
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.json()["path"] == "/late" for answer in answers)


async def test_callers_do_not_wait_for_the_answer_of_another(
    start: Gateway, upstream: Upstream
) -> None:
    gateway = start()
    upstream.asked.clear()
    upstream.ready.clear()
    callers = [bearer_of(gateway, subject=name, scope="good:read") for name in ("ann", "bob")]
    async with httpx2.AsyncClient(base_url=gateway.url, timeout=20) as client:
        address = "/good/late?cache-control=max-age%3D60"
        work = [asyncio.create_task(client.get(address, headers=each)) for each in callers]
        await until_metric(client, 'http_client_active_requests{upstream="good"} 2.0')
        upstream.ready.set()
        answers = await asyncio.gather(*work)

    tokens = {dict(answer.json()["headers"])["authorization"] for answer in answers}
    assert (len(tokens), upstream.asked["late"]) == (2, 2)
