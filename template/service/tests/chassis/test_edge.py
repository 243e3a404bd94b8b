# Sealed: an update replaces this file.
"""What every answer has: an id, safe headers, a deadline, an access line."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from ..conftest import Settings, create_app
from .sample import SAMPLE, application

pytestmark = pytest.mark.anyio


def access_lines(output: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "request"]


async def test_a_request_id_is_taken_over_and_told(client: AsyncClient) -> None:
    answer = await client.get("/samples", headers={"x-request-id": "abc-123"})

    assert answer.headers["x-request-id"] == "abc-123"


@pytest.mark.parametrize("bad", ["a b", "x" * 65, "<script>", "ä"])
async def test_an_unusable_request_id_is_replaced(client: AsyncClient, bad: str) -> None:
    answer = await client.get("/samples", headers={b"x-request-id": bad.encode()})

    assert answer.headers["x-request-id"] != bad
    assert len(answer.headers["x-request-id"]) == 32


async def test_each_request_has_one_access_line_with_its_ids(
    client: AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"x-request-id": "r-1", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}

    await client.get("/samples?cursor=secret", headers=headers)

    (line,) = access_lines(capfd.readouterr().out)
    assert (line["request_id"], line["trace_id"]) == ("r-1", trace)
    assert (line["method"], line["route"], line["status"]) == ("GET", "/samples", 422)
    assert line["subject"] == "alice"
    assert "secret" not in json.dumps(line)


async def test_no_token_and_no_body_is_logged(
    client: AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    await client.post("/samples", json={**SAMPLE, "note": "for your eyes only"})
    await client.get("/samples", headers={"authorization": "Bearer not.a.token"})

    logged = capfd.readouterr().out
    assert "for your eyes only" not in logged
    assert "not.a.token" not in logged
    assert client.headers["authorization"].split()[1] not in logged


async def test_answers_carry_safe_headers(client: AsyncClient) -> None:
    for path in ("/samples", "/nowhere", "/livez"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cache-control"] == "no-store"


async def test_the_pages_of_the_documentation_load_nothing_from_elsewhere(
    client: AsyncClient,
) -> None:
    page = await client.get("/docs")
    script = await client.get("/static-offline-docs/swagger-ui-bundle.js")

    assert page.status_code == script.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'self'")


async def test_an_answer_that_takes_too_long_is_given_up(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"request_seconds": 0.05}))

    @app.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(5)

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/slow")

    assert answer.status_code == 504
    assert answer.json()["detail"] == "the answer took longer than it may"


async def test_a_body_that_comes_too_slowly_is_the_callers_fault(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"request_seconds": 0.05}))

    @app.post("/slow")
    async def slow(body: dict[str, int]) -> dict[str, int]:
        await asyncio.sleep(5)
        return body

    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)

    headers = {"content-type": "application/json"}
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        late = await client.post("/slow", content=trickle(), headers=headers)
        whole = await client.post("/slow", content=b"{}", headers=headers)

    assert (late.status_code, whole.status_code) == (408, 504)
    assert late.headers["connection"] == "close"
    assert late.json()["detail"] == "the body came too slowly"


async def test_browsers_of_other_origins_are_let_in_by_configuration_only(
    client: AsyncClient, settings: Settings
) -> None:
    asks = {"origin": "https://app.example.com", "access-control-request-method": "GET"}
    app = application(settings.model_copy(update={"cors_origins": ("https://app.example.com",)}))

    closed = await client.options("/samples", headers=asks)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as other:
        opened = await other.options("/samples", headers=asks)

    assert "access-control-allow-origin" not in closed.headers
    assert opened.headers["access-control-allow-origin"] == "https://app.example.com"


@pytest.fixture
def failing(settings: Settings) -> FastAPI:
    origins = ("https://app.example.com", "https://other.example.com")
    changes = {"cors_origins": origins, "request_seconds": 0.05, "max_body_bytes": 1024}
    app = create_app(settings.model_copy(update=changes))

    @app.get("/500")
    async def fail() -> None:
        raise LookupError

    @app.get("/504")
    async def slow() -> None:
        await asyncio.sleep(5)

    return app


@pytest.mark.parametrize(("path", "size"), [("/500", 0), ("/504", 0), ("/413", 2000)])
async def test_browsers_may_read_the_errors_of_the_edge_itself(
    failing: FastAPI, path: str, size: int
) -> None:
    async def ask(origin: str) -> Response:
        async with AsyncClient(transport=ASGITransport(failing), base_url="http://test") as client:
            headers = {"origin": origin}
            return await client.request("GET", path, content=b"x" * size, headers=headers)

    allowed = await ask("https://app.example.com")
    stranger = await ask("https://evil.example.com")

    assert f"/{allowed.status_code}" == f"/{stranger.status_code}" == path
    assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "x-request-id" in allowed.headers["access-control-expose-headers"]
    assert allowed.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in stranger.headers


async def test_requests_are_counted_by_route_never_by_path(client: AsyncClient) -> None:
    for n in range(3):
        await client.get(f"/samples/made-up-{n}")
        await client.get(f"/made-up-{n}")

    metrics = (await client.get("/metrics")).text

    assert 'route="/samples/{sample_id}",status="422"' in metrics
    assert 'route="none",status="404"' in metrics
    assert "made-up" not in metrics
    assert "http_server_active_requests" in metrics
