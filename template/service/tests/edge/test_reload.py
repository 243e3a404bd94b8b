"""The routes change under load, and the process stops under load: no request is lost."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from ..conftest import Live
from .polling import until_metric, until_status

NEW = "{name: n, prefix: PATH, rewrite: /, upstream: good, public: true}"

pytestmark = pytest.mark.anyio


@pytest.fixture
def file(routes: Callable[[], Path]) -> Path:
    return routes()


@pytest.fixture
def text(file: Path) -> str:
    return file.read_text()


@pytest.fixture
def gateway(launch: Callable[..., Live], file: Path) -> Live:
    return launch(routes_file=str(file), routes_seconds="0.05", drain_seconds="1")


async def load(client: httpx2.AsyncClient, statuses: list[int], until: asyncio.Event) -> None:
    while not until.is_set():
        answer = await client.post("/open/x", content=b"tea" * 1000)
        statuses.append(answer.status_code if answer.json()["size"] == 3000 else 0)


def change(file: Path, text: str, *, number: int) -> str:
    """Writes another limit and another route; gives the path of that."""
    path = f"/new-{number}"
    more = f"\n  - {NEW}\n".replace("PATH", path)
    file.write_text(text.replace("queue: 2", f"queue: {number}") + more)
    return path


async def test_a_changed_file_is_taken_and_no_request_lost(
    gateway: Live, file: Path, text: str
) -> None:
    statuses: list[int] = []
    done = asyncio.Event()
    async with httpx2.AsyncClient(base_url=gateway.url, timeout=10) as client:
        work = [asyncio.create_task(load(client, statuses, done)) for _ in range(4)]
        for number in range(4):
            path = change(file, text, number=number)
            await until_status(client, f"{path}/x", 200)
        done.set()
        await asyncio.gather(*work)

    assert set(statuses) == {200}
    assert len(statuses) > 20


def repair(file: Path, text: str) -> None:
    file.write_text(text + "\n# mended\n")


def spoil(file: Path, text: str) -> None:
    file.write_text(text.replace("upstream: good", "upstream: gone"))


async def test_a_broken_file_changes_nothing_and_is_told(
    gateway: Live, file: Path, text: str
) -> None:
    async with httpx2.AsyncClient(base_url=gateway.url) as client:
        spoil(file, text)
        await until_metric(client, "edge_routes_stale 1.0")
        during = await client.get("/open/x")
        repair(file, text)
        await until_metric(client, "edge_routes_stale 0.0")

    assert during.status_code == 200
    assert "routes_refused" in gateway.log.read_text()
    assert "names `gone`, which is no upstream" in gateway.log.read_text()


async def test_a_stop_under_load_loses_no_request(gateway: Live) -> None:
    statuses: list[int] = []
    stopping = asyncio.Event()
    async with httpx2.AsyncClient(base_url=gateway.url, timeout=10) as client:
        work = [asyncio.create_task(load(client, statuses, stopping)) for _ in range(4)]
        await until_metric(client, 'route="/open/*"')
        stopped = asyncio.create_task(asyncio.to_thread(gateway.stop))
        await until_status(client, "/readyz", 503)
        stopping.set()
        await asyncio.gather(*work)
        code = await stopped

    assert set(statuses) == {200}
    assert code == -signal.SIGTERM
    assert "Traceback" not in gateway.log.read_text()


async def test_a_stop_ends_streams_and_sockets_in_time(
    launch: Callable[..., Live], file: Path
) -> None:
    gateway = launch(routes_file=str(file), drain_seconds="0", shutdown_seconds="1")
    address = gateway.url.replace("http", "ws") + "/open/chat"
    async with (
        httpx2.AsyncClient(base_url=gateway.url, timeout=20) as client,
        connect(address) as chat,
        client.stream("GET", "/open/sse") as events,
    ):
        first = await anext(chunks := events.aiter_bytes())
        await chat.send("tea")
        said = await chat.recv()
        stopped = asyncio.create_task(asyncio.to_thread(gateway.stop))
        with pytest.raises(ConnectionClosed) as closed:
            await chat.recv()
        with pytest.raises(httpx2.TransportError):
            await anext(chunks)
        code = await stopped

    assert (first, said) == (b"data: 1\n\n", "teatea")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code in (1001, 1012)
    assert code == -signal.SIGTERM
    assert "Traceback" not in gateway.log.read_text()
