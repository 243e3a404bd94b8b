"""Screens: made of several services at once, whole or partial, each user's own."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest

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
from ..conftest import Settings
from .conftest import AT, customer, history, order, orders, sends

pytestmark = pytest.mark.anyio

Compose = Callable[..., Any]
Serve = Callable[..., Any]
BAD = [hangs, resets, talks_rubbish, breaks_off, answers(500), answers(403), answers(200, b"[7]")]
NAMES = ["hangs", "resets", "rubbish", "breaks off", "500", "403", "another shape"]
QUICK = {"call_attempt_seconds": 1.5, "call_retries": 0, "screen_seconds": 5}
HOME = "/screens/home"
ORDER = f"/screens/orders/{order(1)['id']}"
CANCEL = f"{ORDER}/cancel"


def sent_to(server: Server) -> dict[str, Any]:
    """The claims of the newest token."""
    token = str(server.header("authorization")).removeprefix("Bearer ")
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


async def test_home_joins_orders_and_customer(compose: Compose) -> None:
    user = await (await compose(orders(1, 2))).user()

    answer = await user.get(HOME)

    home = answer.json()
    assert answer.status_code == 200
    assert [one["id"] for one in home["orders"]] == [order(1)["id"], order(2)["id"]]
    assert home["customer"] == {"standing": "good", "totals": {"EUR": 450}}
    assert home.get("missing", []) == []


@pytest.mark.parametrize("bad", BAD, ids=NAMES)
@pytest.mark.parametrize("part", ["orders", "customer"])
async def test_home_says_which_part_is_missing(compose: Compose, part: str, bad: Behaviour) -> None:
    user = await (await compose(**{part: bad}, **QUICK)).user()

    answer = await user.get(HOME)

    home = answer.json()
    assert (answer.status_code, home["missing"]) == (200, [part])
    assert home.get(part) is None
    assert home.get({"orders": "customer", "customer": "orders"}[part])


async def test_an_order_comes_with_its_history(compose: Compose) -> None:
    user = await (await compose(sends(order(1)))).user()

    answer = await user.get(ORDER)

    detail = answer.json()
    assert answer.status_code == 200
    assert (detail["order"]["id"], detail["order"]["total"]) == (order(1)["id"], 450)
    assert detail["order"]["can_be_cancelled"] is True
    assert detail["history"] == [{"action": "order_placed", "at": AT}]
    assert detail.get("missing", []) == []


@pytest.mark.parametrize("bad", BAD, ids=NAMES)
async def test_an_order_is_shown_without_its_history(compose: Compose, bad: Behaviour) -> None:
    user = await (await compose(sends(order(1)), bad, **QUICK)).user()

    answer = await user.get(ORDER)

    assert (answer.status_code, answer.json()["missing"]) == (200, ["history"])
    assert answer.json().get("history") is None


@pytest.mark.parametrize("bad", BAD, ids=NAMES)
async def test_without_the_order_there_is_no_screen(compose: Compose, bad: Behaviour) -> None:
    user = await (await compose(bad, **QUICK)).user()

    answer = await user.get(ORDER)

    assert answer.status_code == (504 if bad is hangs else 502)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "127.0.0.1" not in answer.text
    assert "order_placed" not in answer.text


async def test_an_order_of_somebody_else_is_not_there(compose: Compose) -> None:
    user = await (await compose(answers(404))).user()

    answer = await user.get(ORDER)

    assert (answer.status_code, answer.json()["title"]) == (404, "Order not found")
    assert "order_placed" not in answer.text


async def test_the_parts_are_read_at_once(compose: Compose) -> None:
    """Each upstream answers only when the other has been asked."""
    both = asyncio.Barrier(2)

    def together(behaviour: Behaviour) -> Behaviour:
        async def wait(upstream: Server, writer: asyncio.StreamWriter) -> None:
            await both.wait()
            await behaviour(upstream, writer)

        return wait

    front = await compose(together(orders(1)), customer=together(customer()), screen_seconds=10)

    answer = await (await front.user()).get(HOME)

    assert answer.json().get("missing", []) == []


async def test_a_screen_is_answered_in_the_time_that_its_caller_has(compose: Compose) -> None:
    user = await (await compose(hangs, customer=hangs, screen_seconds=30)).user()

    began = time.monotonic()
    home = await user.get(HOME, headers={"x-request-deadline-ms": "300"})
    detail = await user.get(ORDER, headers={"x-request-deadline-ms": "300"})
    took = time.monotonic() - began

    assert (home.status_code, home.json()["missing"]) == (200, ["orders", "customer"])
    assert detail.status_code == 504
    assert took < 4


async def test_cancelling_goes_on_to_the_orders_service(compose: Compose, serve: Serve) -> None:
    server = await serve(sends(order(1, "cancelled", version=2)))
    user = await (await compose(server)).user()

    answer = await user.post(CANCEL, headers={"if-match": '"1"', "idempotency-key": "5c1f"})

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert server.heads[-1].startswith(f"POST /orders/{order(1)['id']}/cancel HTTP/1.1")
    assert (server.header("if-match"), server.header("idempotency-key")) == ('"1"', "5c1f")
    assert len(server.heads) == 1


@pytest.mark.parametrize(
    ("told", "status"), [(404, 404), (409, 409), (412, 412), (422, 422), (500, 502)]
)
async def test_cancelling_tells_what_the_orders_service_says(
    compose: Compose, told: int, status: int
) -> None:
    user = await (await compose(answers(told, b'{"detail": "secret of the service"}'))).user()

    answer = await user.post(CANCEL)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


@pytest.mark.parametrize(("headers", "sent"), [({}, 1), ({"idempotency-key": "5c1f"}, 2)])
async def test_cancelling_is_repeated_only_with_a_key(
    compose: Compose, serve: Serve, headers: dict[str, str], sent: int
) -> None:
    server = await serve(in_turn(answers(503), sends(order(1, "cancelled"))))
    user = await (await compose(server)).user()

    answer = await user.post(CANCEL, headers=headers)

    assert len(server.heads) == sent
    assert answer.status_code == (200 if sent == 2 else 503)


async def test_no_answer_is_mixed_with_that_of_another(compose: Compose) -> None:
    async def own(upstream: Server, writer: asyncio.StreamWriter) -> None:
        subject = sent_to(upstream)["sub"]
        await asyncio.sleep(int(subject[1:]) % 3 / 1000)
        await sends({"items": [order(1, note=subject)], "next": None})(upstream, writer)

    async def known(upstream: Server, writer: asyncio.StreamWriter) -> None:
        await customer(sent_to(upstream)["sub"])(upstream, writer)

    front = await compose(own, customer=known)
    people = [f"u{number}" for number in range(20)]
    users = [await front.user(person) for person in people]

    found = await asyncio.gather(*(user.get(HOME) for user in users * 3))

    assert [answer.json()["customer"]["standing"] for answer in found] == people * 3


async def test_upstreams_get_tokens_of_their_own_that_are_the_callers(
    compose: Compose, serve: Serve, settings: Settings
) -> None:
    first, second = await serve(sends(order(1))), await serve(history())
    third = await serve(customer())
    front = await compose(first, second, third, orders_audience="os", customer_audience="cs")
    bob = await front.user("bob")

    await bob.get(ORDER)
    await bob.get(HOME)

    expected = [
        (first, "os", "orders:read orders:write"),
        (second, "os", "audit:read"),
        (third, "cs", "dossiers:read"),
    ]
    for server, audience, scope in expected:
        claims = sent_to(server)
        assert (claims["sub"], claims["aud"], claims["scope"]) == ("bob", audience, scope)
        assert claims["act"] == {"sub": settings.service}


async def test_who_is_not_known_reaches_no_upstream(compose: Compose, serve: Serve) -> None:
    server = await serve(orders(1))
    stranger = await (await compose(server)).stranger()

    for headers in ({}, {"x-user-id": "alice", "x-forwarded-user": "alice", "sub": "alice"}):
        assert (await stranger.get(HOME, headers=headers)).status_code == 401
        assert (await stranger.post(CANCEL, headers=headers)).status_code in (401, 403)

    assert server.heads == []


@pytest.mark.parametrize("path", ["/screens/orders/..%2f..%2faudit", "/screens/orders/1"])
async def test_an_id_is_an_id(compose: Compose, serve: Serve, path: str) -> None:
    server = await serve(sends(order(1)))
    user = await (await compose(server)).user()

    assert (await user.get(path)).status_code in (404, 422)
    assert server.heads == []
