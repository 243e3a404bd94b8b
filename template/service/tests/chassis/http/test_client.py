# Sealed: an update replaces this file.
"""Calls to upstreams that are well, slow, dead, resetting, flapping or talking rubbish."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from ...conftest import discovery, errors, http
from .servers import (
    Behaviour,
    Server,
    answers,
    breaks_off,
    hangs,
    in_turn,
    resets,
    serving,
    talks_rubbish,
)
from .time import Hand

pytestmark = pytest.mark.anyio

Serve = Callable[..., Any]
OK = answers(200, b'{"id": 7}')


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
def serve(stack: AsyncExitStack) -> Serve:
    async def serve(behaviour: Behaviour, port: int = 0) -> Server:
        return await stack.enter_async_context(serving(behaviour, port))

    return serve


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def calls(stack: AsyncExitStack, hand: Hand) -> Serve:
    """A client for these servers; its clock is moved by hand, sockets have real time."""

    async def calls(*servers: Server | str, **limits: Any) -> http.Client:
        urls = [each if isinstance(each, str) else each.url for each in servers]
        client = http.Client(
            "orders",
            discovery.parse(",".join(urls)),
            limits=http.Limits(**limits),
            clock=hand,
        )
        return await stack.enter_async_context(client)

    return calls


async def test_an_answer_comes_back_with_its_status(serve: Serve, calls: Serve) -> None:
    well, missing = await serve(OK), await serve(answers(404))

    found = await (await calls(well)).get("/orders/7", params={"full": "yes"})
    absent = await (await calls(missing)).get("/orders/8")

    assert (found.status_code, found.json()) == (200, {"id": 7})
    assert absent.status_code == 404
    assert well.heads[0].startswith("GET /orders/7?full=yes HTTP/1.1\r\n")
    assert well.header("host") == f"127.0.0.1:{well.port}"


@pytest.mark.parametrize("bad", [resets, talks_rubbish, breaks_off, answers(503), answers(502)])
async def test_what_is_safe_to_repeat_is_repeated(
    serve: Serve, calls: Serve, bad: Behaviour
) -> None:
    server = await serve(in_turn(bad, bad, OK))
    client = await calls(server)

    answer = await client.get("/orders/7")

    assert answer.status_code == 200
    assert len(server.heads) == 3


async def test_a_post_is_repeated_only_with_an_idempotency_key(serve: Serve, calls: Serve) -> None:
    server = await serve(in_turn(resets, resets, OK))
    client = await calls(server)

    with pytest.raises(http.BadGatewayError):
        await client.post("/orders", json={})
    key = {"idempotency-key": "k"}
    keyed = await client.post("/orders", json={}, headers=key, idempotent=True)

    assert keyed.status_code == 200
    assert len(server.heads) == 3


async def test_retries_wait_longer_each_time_and_as_long_as_they_are_told(
    serve: Serve, calls: Serve, hand: Hand
) -> None:
    told = await serve(in_turn(answers(503, retry_after="2"), OK))
    silent = await serve(in_turn(resets, resets, resets, OK))

    await (await calls(told)).get("/")
    await (await calls(silent, retries=3)).get("/")

    assert hand.slept[0] == 2.0
    for pause, most in zip(hand.slept[1:], (0.05, 0.1, 0.2), strict=True):
        assert 0 <= pause <= most


async def test_a_retry_goes_to_another_instance(serve: Serve, calls: Serve) -> None:
    broken, well = await serve(resets), await serve(OK)
    client = await calls(broken, well, breaker_failures=1000, eject_after=1000, retry_budget=1)

    answers = [await client.get("/") for _ in range(20)]

    assert {answer.status_code for answer in answers} == {200}
    assert len(well.heads) == 20


async def test_no_storm_of_retries(serve: Serve, calls: Serve) -> None:
    server = await serve(answers(503))
    client = await calls(server, breaker_failures=1000, eject_after=1000)

    for _ in range(50):
        with pytest.raises(http.UpstreamUnavailableError):
            await client.get("/")

    assert 50 < len(server.heads) <= 50 + 3 + 50 * 0.2


async def test_an_upstream_that_is_away_is_told_as_such(calls: Serve) -> None:
    client = await calls("http://127.0.0.1:1", retries=0)

    with pytest.raises(http.UpstreamUnavailableError) as told:
        await client.get("/")

    assert told.value.status == 503
    assert "127.0.0.1" not in str(told.value)


async def test_an_upstream_that_hangs_is_given_up(serve: Serve, calls: Serve) -> None:
    client = await calls(await serve(hangs), attempt_seconds=0.05, retries=0)

    with pytest.raises(http.UpstreamTimeoutError) as told:
        await client.get("/")

    assert told.value.status == 504


@pytest.mark.parametrize(("status", "told"), [(500, 502), (502, 502), (503, 503), (504, 504)])
async def test_errors_of_an_upstream_are_told_as_those_of_a_gateway(
    serve: Serve, calls: Serve, status: int, told: int
) -> None:
    client = await calls(await serve(answers(status)), retries=0)

    with pytest.raises(errors.DomainError) as error:
        await client.get("/")

    assert error.value.status == told


async def test_an_endless_answer_is_cut_off(serve: Serve, calls: Serve) -> None:
    server = await serve(answers(200, b"x" * 100_000))
    client = await calls(server, max_bytes=10_000)

    with pytest.raises(http.BadGatewayError):
        await client.get("/")

    assert len(server.heads) == 1


async def test_the_circuit_opens_and_closes(serve: Serve, calls: Serve, hand: Hand) -> None:
    server = await serve(in_turn(*[answers(500)] * 4, OK))
    client = await calls(server, breaker_failures=3, eject_after=1000)
    for _ in range(3):
        with pytest.raises(http.BadGatewayError):
            await client.get("/")

    for _ in range(20):
        with pytest.raises(http.CircuitOpenError):
            await client.get("/")
    assert len(server.heads) == 3

    hand.moves(10)
    with pytest.raises(http.BadGatewayError):
        await client.get("/")
    hand.moves(10)
    assert (await client.get("/")).status_code == 200
    assert client.guard.breaker.state == "closed"


async def test_a_call_that_is_cancelled_is_no_failure_and_holds_nothing(
    serve: Serve, calls: Serve
) -> None:
    server = await serve(in_turn(hangs, OK))
    client = await calls(server, breaker_failures=1, concurrency=1, queue=0)
    call = asyncio.create_task(client.get("/"))
    await server.has(1)

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert (await client.get("/")).status_code == 200


async def test_the_bulkhead_bounds_what_a_slow_upstream_holds(serve: Serve, calls: Serve) -> None:
    server = await serve(hangs)
    client = await calls(server, concurrency=2, queue=1, queue_seconds=30)
    held = [asyncio.create_task(client.get("/")) for _ in range(3)]
    await server.has(2)

    with pytest.raises(http.BulkheadFullError):
        await client.get("/")

    assert server.most_open == 2
    for call in held:
        call.cancel()
    await asyncio.gather(*held, return_exceptions=True)


async def test_who_waits_too_long_for_the_bulkhead_is_refused(serve: Serve, calls: Serve) -> None:
    client = await calls(await serve(hangs), concurrency=1, queue=5, queue_seconds=0.01)
    held = asyncio.create_task(client.get("/"))
    await asyncio.sleep(0)

    with pytest.raises(http.BulkheadFullError):
        await client.get("/")

    held.cancel()
    await asyncio.gather(held, return_exceptions=True)


async def test_an_upstream_that_comes_back_is_called_again(
    serve: Serve, calls: Serve, hand: Hand
) -> None:
    first = await serve(OK)
    client = await calls(first, breaker_failures=2, retries=0)
    async with serving(OK) as gone:
        flapping = await calls(gone, breaker_failures=2, retries=0)
        assert (await flapping.get("/")).status_code == 200
    for _ in range(2):
        with pytest.raises(errors.DomainError):
            await flapping.get("/")
    with pytest.raises(http.CircuitOpenError):
        await flapping.get("/")

    await serve(OK, gone.port)
    hand.moves(10)

    assert (await flapping.get("/")).status_code == 200
    assert (await client.get("/")).status_code == 200


async def test_cookies_and_redirects_are_not_followed(serve: Serve, calls: Serve) -> None:
    elsewhere = await serve(OK)
    server = await serve(answers(302, location=elsewhere.url, set_cookie="session=alice; path=/"))
    client = await calls(server)

    first, second = [await client.get("/") for _ in range(2)]

    assert (first.status_code, second.status_code) == (302, 302)
    assert elsewhere.heads == []
    assert server.header("cookie") is None


async def test_answers_are_never_mixed(serve: Serve, calls: Serve) -> None:
    async def echo(upstream: Server, writer: asyncio.StreamWriter) -> None:
        number = upstream.heads[-1].split()[1].strip("/")
        await asyncio.sleep(int(number) % 3 / 1000)
        await answers(200, number.encode())(upstream, writer)

    client = await calls(await serve(echo), concurrency=8)

    found = await asyncio.gather(*(client.get(f"/{number}") for number in range(100)))

    assert [answer.text for answer in found] == [str(number) for number in range(100)]
