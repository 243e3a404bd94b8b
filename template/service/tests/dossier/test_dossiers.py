"""Dossiers: joined from two services, whole or partial."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from httpx2 import ASGITransport, AsyncClient

from ..chassis.http.servers import (
    Behaviour,
    Server,
    answers,
    breaks_off,
    hangs,
    in_turn,
    resets,
    talks_rubbish,
)
from ..conftest import Settings, Token, create_app
from .conftest import AT, history, orders

pytestmark = pytest.mark.anyio

Compose = Callable[..., Any]
Serve = Callable[..., Any]
BAD = [hangs, resets, talks_rubbish, breaks_off, answers(500), answers(403), answers(200, b"[7]")]
NAMES = ["hangs", "resets", "rubbish", "breaks off", "500", "403", "another shape"]
QUICK = {"call_attempt_seconds": 0.05, "call_retries": 0, "history_seconds": 0.1}


def sent_to(server: Server) -> dict[str, Any]:
    """The claims of the newest token."""
    token = str(server.header("authorization")).removeprefix("Bearer ")
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def states(document: dict[str, Any]) -> dict[str, str]:
    return {part["name"]: part["state"] for part in document["parts"]}


async def test_a_dossier_joins_orders_and_their_history(compose: Compose) -> None:
    composite = await compose(orders("o-1", "o-2"), history("o-2", "o-9"))

    answer = await composite.dossier()

    document = answer.json()
    assert answer.status_code == 200
    assert document["customer"] == "alice"
    assert [each["id"] for each in document["orders"]] == ["o-1", "o-2"]
    assert [each["changes"] for each in document["orders"]] == [
        [],
        [{"action": "order_placed", "at": AT}],
    ]
    assert (document["totals"], document["standing"]) == ({"EUR": 900}, "good")
    assert (document["complete"], states(document)) == (
        True,
        {"orders": "fresh", "history": "fresh"},
    )


@pytest.mark.parametrize("bad", BAD, ids=NAMES)
async def test_without_its_history_a_dossier_says_so(compose: Compose, bad: Behaviour) -> None:
    composite = await compose(orders("o-1"), bad, **QUICK)

    answer = await composite.dossier()

    document = answer.json()
    assert answer.status_code == 200
    assert (document["complete"], document["standing"]) == (False, "unknown")
    assert states(document) == {"orders": "fresh", "history": "missing"}
    assert document["orders"][0]["changes"] is None


@pytest.mark.parametrize("bad", BAD, ids=NAMES)
async def test_without_its_orders_there_is_no_dossier(compose: Compose, bad: Behaviour) -> None:
    composite = await compose(bad, history(), **QUICK)

    answer = await composite.dossier()

    assert answer.status_code == (504 if bad is hangs else 502)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "127.0.0.1" not in answer.text


async def test_the_parts_are_read_at_once(compose: Compose) -> None:
    """Each upstream answers only when the other has been asked."""
    both = asyncio.Barrier(2)

    def together(behaviour: Behaviour) -> Behaviour:
        async def wait(upstream: Server, writer: asyncio.StreamWriter) -> None:
            await both.wait()
            await behaviour(upstream, writer)

        return wait

    composite = await compose(together(orders("o-1")), together(history()))

    assert (await composite.dossier()).json()["complete"]


async def test_many_orders_take_no_call_each(compose: Compose, serve: Serve) -> None:
    ids = [f"o-{number}" for number in range(100)]
    first, second = await serve(orders(*ids)), await serve(history(*ids))
    composite = await compose(first, second)

    answer = await composite.dossier()

    assert len(answer.json()["orders"]) == 100
    assert (len(first.heads), len(second.heads)) == (1, 1)


async def test_all_pages_are_read_but_not_without_end(compose: Compose, serve: Serve) -> None:
    paged = await serve(in_turn(orders("o-1", following="c 2"), orders("o-2")))
    endless = await serve(orders("o-1", following="again"))

    whole = await (await compose(paged, history())).dossier()
    cut = await (await compose(endless, history())).dossier()

    assert [each["id"] for each in whole.json()["orders"]] == ["o-1", "o-2"]
    assert "cursor=c+2" in paged.heads[1] or "cursor=c%202" in paged.heads[1]
    assert (cut.status_code, len(endless.heads)) == (200, 5)


async def test_equal_requests_at_once_ask_once(compose: Compose, serve: Serve) -> None:
    server = await serve(orders("o-1"))
    composite = await compose(server, history())

    answers = await asyncio.gather(*(composite.dossier() for _ in range(20)))

    assert {answer.status_code for answer in answers} == {200}
    assert len(server.heads) == 1


async def test_no_dossier_is_mixed_with_that_of_another(compose: Compose) -> None:
    async def own(upstream: Server, writer: asyncio.StreamWriter) -> None:
        claims = sent_to(upstream)
        await asyncio.sleep(len(claims["sub"]) % 3 / 1000)
        await orders(claims["sub"])(upstream, writer)

    composite = await compose(own, history())
    people = [f"customer-{number}" for number in range(30)] * 3

    answers = await asyncio.gather(*(composite.dossier(person) for person in people))

    found = [answer.json()["orders"][0]["id"] for answer in answers]
    assert found == people


async def test_an_old_dossier_stands_in_while_the_orders_are_away(
    compose: Compose, serve: Serve
) -> None:
    server = await serve(in_turn(orders("o-1"), answers(500)))
    composite = await compose(server, history(), **QUICK, circuit_failures=1000)
    await composite.dossier()
    composite.hand.moves(30)

    old = (await composite.dossier()).json()
    composite.hand.moves(60)
    late = await composite.dossier()

    assert states(old)["orders"] == "stale"
    assert old["parts"][0]["age_seconds"] == 30.0
    assert [each["id"] for each in old["orders"]] == ["o-1"]
    assert late.status_code == 502


async def test_a_caller_in_a_hurry_is_told_in_time(compose: Compose) -> None:
    composite = await compose(hangs, history())

    began = time.monotonic()
    answer = await composite.dossier(x_request_deadline_ms="100")

    assert answer.status_code == 504
    assert time.monotonic() - began < 1.5


async def test_the_services_get_tokens_of_their_own_that_are_the_callers(
    compose: Compose, serve: Serve, settings: Settings
) -> None:
    first, second = await serve(orders()), await serve(history())
    composite = await compose(first, second, orders_audience="the-orders")

    await composite.dossier("bob")

    for server, scope in ((first, "orders:read"), (second, "audit:read")):
        claims = sent_to(server)
        assert (claims["sub"], claims["aud"], claims["scope"]) == ("bob", "the-orders", scope)
        assert claims["act"] == {"sub": settings.service}


async def test_a_dossier_needs_its_scope(settings: Settings, token: Token) -> None:
    app = create_app(settings)
    bearer = {"authorization": f"Bearer {token(scope='orders:read')}"}
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/dossiers/me", headers=bearer)

    assert answer.status_code == 403
