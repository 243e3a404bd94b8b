# Sealed: an update replaces this file.
"""What a request hands on to the calls that it causes: time left, trace, request id."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from ...conftest import Settings, create_app, http
from .servers import Server, answers, hangs, serving

pytestmark = pytest.mark.anyio

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
async def upstream() -> AsyncIterator[Server]:
    async with serving(answers(200)) as server:
        yield server


@pytest.fixture
async def asking(settings: Settings, upstream: Server) -> AsyncIterator[AsyncClient]:
    """A service whose `/ask` calls the upstream."""
    app = create_app(settings)
    client = http.upstream(app, "upstream", upstream.url)

    @app.get("/ask")
    async def ask(path: str = "/") -> int:
        return (await client.get(path)).status_code

    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as service,
    ):
        yield service


async def test_the_request_id_and_the_trace_go_on(asking: AsyncClient, upstream: Server) -> None:
    parent = f"00-{TRACE}-00f067aa0ba902b7-01"
    headers = {"x-request-id": "r-1", "traceparent": parent, "tracestate": "a=1"}

    await asking.get("/ask", headers=headers)

    assert upstream.header("x-request-id") == "r-1"
    assert TRACE in str(upstream.header("traceparent"))
    assert upstream.header("tracestate") == "a=1"


async def test_a_trace_begins_where_none_was_brought(asking: AsyncClient, upstream: Server) -> None:
    await asking.get("/ask")

    version, trace, span, _ = str(upstream.header("traceparent")).split("-")
    assert (version, len(trace), len(span)) == ("00", 32, 16)


async def test_the_time_that_is_left_bounds_the_call(asking: AsyncClient, upstream: Server) -> None:
    await asking.get("/ask", headers={"x-request-deadline-ms": "800"})
    patient = int(str(upstream.header("x-request-deadline-ms")))
    await asking.get("/ask")
    usual = int(str(upstream.header("x-request-deadline-ms")))

    assert 0 < patient <= 800 < usual <= 2000


async def test_who_waits_no_longer_gets_no_call(asking: AsyncClient, upstream: Server) -> None:
    answer = await asking.get("/ask", headers={"x-request-deadline-ms": "0"})

    assert answer.status_code == 504
    assert answer.headers["content-type"] == "application/problem+json"
    assert upstream.heads == []


@pytest.mark.parametrize("odd", ["-5", "soon", "1e3", "9" * 30, ""])
async def test_a_deadline_that_is_none_is_ignored(
    asking: AsyncClient, upstream: Server, odd: str
) -> None:
    answer = await asking.get("/ask", headers={"x-request-deadline-ms": odd})

    assert (answer.status_code, len(upstream.heads)) == (200, 1)


async def test_a_callers_short_patience_says_nothing_about_the_upstream(
    settings: Settings,
) -> None:
    async with serving(hangs) as server:
        app = create_app(settings.model_copy(update={"circuit_failures": 1, "call_retries": 0}))
        client = http.upstream(app, "upstream", server.url)

        @app.get("/ask")
        async def ask() -> int:
            return (await client.get("/")).status_code

        transport = ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            AsyncClient(transport=transport, base_url="http://test") as service,
        ):
            answer = await service.get("/ask", headers={"x-request-deadline-ms": "30"})

    assert answer.status_code == 504
    assert client.guard.breaker.state == "closed"


async def test_requests_at_once_keep_their_own(app: FastAPI) -> None:
    seen: list[str] = []

    async def handler(*_: object) -> None:
        await asyncio.sleep(0)
        seen.append(http.current.get().token)

    inbound = http.Deadlines(handler, seconds=5)
    scopes = [
        {"type": "http", "headers": [(b"authorization", f"Bearer {n}".encode())]} for n in range(20)
    ]

    await asyncio.gather(*(inbound(scope, app, app) for scope in scopes))  # type: ignore[arg-type]

    assert sorted(seen, key=int) == [str(n) for n in range(20)]
    assert http.current.get().token == ""
