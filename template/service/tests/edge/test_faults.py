"""Upstreams that are late, rude, cut off or away: nothing hangs, and nobody else suffers."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx2
import pytest

from ..conftest import Live
from .polling import until_status
from .upstream import Upstream
from .wild import Wild

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(gateway: Live) -> AsyncIterator[httpx2.AsyncClient]:
    limits = httpx2.Limits(max_connections=100)
    async with httpx2.AsyncClient(base_url=gateway.url, timeout=10, limits=limits) as client:
        yield client


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("hang", 504), ("mute", 502), ("rubbish", 502), ("both", 502), ("control", 502),
        ("long", 502), ("early", 502),
    ],
)  # fmt: skip
async def test_what_goes_wrong_is_told_without_the_name_of_the_upstream(
    client: httpx2.AsyncClient, wild: Wild, kind: str, status: int
) -> None:
    answer = await client.post(f"/wild/{kind}")

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "wild" not in answer.text
    assert wild.url.removeprefix("http://") not in answer.text


async def test_an_upstream_that_is_away_is_told_as_such_and_named_in_the_log(
    client: httpx2.AsyncClient, gateway: Live
) -> None:
    answer = await client.get("/dead/x")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "dead" not in answer.text
    assert '"upstream":"dead"' in gateway.log.read_text()


@pytest.mark.parametrize("kind", ["half", "cut"])
async def test_an_answer_that_is_cut_off_is_not_passed_for_a_whole_one(
    client: httpx2.AsyncClient, kind: str
) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        await client.get(f"/wild/{kind}")


@pytest.mark.parametrize("kind", ["reset", "busy"])
async def test_a_failure_that_passes_is_not_seen(
    client: httpx2.AsyncClient, wild: Wild, kind: str
) -> None:
    wild.sick[kind] = 2
    wild.asked.clear()

    answer = await client.get(f"/again/{kind}")

    assert (answer.status_code, answer.text) == (200, "ok")
    assert wild.asked[kind] >= 3


async def test_what_is_not_idempotent_is_sent_once(client: httpx2.AsyncClient, wild: Wild) -> None:
    wild.sick["once"] = 1
    wild.asked.clear()

    answer = await client.post("/again/once")

    assert (answer.status_code, wild.asked["once"]) == (502, 1)


async def test_retries_of_an_upstream_that_is_down_run_out(
    client: httpx2.AsyncClient, wild: Wild
) -> None:
    wild.sick["down"] = 1000
    wild.asked.clear()

    answers = [await client.get("/again/down") for _ in range(40)]

    assert {answer.status_code for answer in answers} == {502}
    assert wild.asked["down"] < 40 * 1.6
    wild.sick["down"] = 0


async def test_an_upstream_that_keeps_failing_is_left_alone_and_then_asked_again(
    client: httpx2.AsyncClient, wild: Wild
) -> None:
    wild.sick["flap"] = 3
    wild.asked.clear()

    failed = [(await client.get("/fragile/flap")).status_code for _ in range(3)]
    refused = await client.get("/fragile/flap")
    asked = wild.asked["flap"]
    await until_status(client, "/fragile/flap", 200)

    assert failed == [502, 502, 502]
    assert (refused.status_code, asked) == (503, 3)


async def test_one_slow_upstream_leaves_the_others_unharmed(
    client: httpx2.AsyncClient,
) -> None:
    began = time.monotonic()
    hanging = [asyncio.create_task(client.get("/wild/hang")) for _ in range(12)]
    await asyncio.sleep(0.05)

    others = await asyncio.gather(*(client.get(f"/open/{n}") for n in range(20)))
    quick = time.monotonic() - began
    statuses = [(await each).status_code for each in hanging]

    assert {other.status_code for other in others} == {200}
    assert quick < 0.5
    assert set(statuses) == {503, 504}
    assert time.monotonic() - began < 3


async def test_a_client_that_sends_too_slowly_is_told(gateway: Live) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(gateway.url).port)
    writer.write(b"POST /small/x HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\na")

    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3)
    writer.close()

    assert head.startswith(b"HTTP/1.1 408")


async def test_no_answer_is_mixed_up_between_callers(
    client: httpx2.AsyncClient, upstream: Upstream
) -> None:
    async def ask(number: int) -> bool:
        if number % 5 == 0:
            with pytest.raises(httpx2.RemoteProtocolError):
                await client.get("/wild/half")
            return True
        sent = f"/open/{number}?own={number}"
        answer = await client.post(sent, content=str(number) * (number % 7))
        told = answer.json()
        mine = (f"/{number}", f"own={number}", len(str(number)) * (number % 7))
        return (told["path"], told["query"], told["size"]) == mine

    several = asyncio.Semaphore(4)

    async def bounded(number: int) -> bool:
        async with several:
            return await ask(number)

    assert all(await asyncio.gather(*map(bounded, range(300))))
    assert upstream.asked.total() >= 240
