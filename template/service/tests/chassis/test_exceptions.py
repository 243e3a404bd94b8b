# Sealed: an update replaces this file.
"""Unhandled exceptions reach a service that speaks Sentry's protocol."""

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sentry_sdk
from httpx2 import ASGITransport, AsyncClient

from ..conftest import Settings, Token, create_app

pytestmark = pytest.mark.anyio


class Collector(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.received.append(body.decode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        sentry_sdk.get_client().close()
        server.shutdown()


async def test_they_are_reported_with_the_request_id_and_without_secrets(
    collector: Collector, settings: Settings, token: Token
) -> None:
    dsn = f"http://public@127.0.0.1:{collector.server_port}/1"
    app = create_app(Settings(**{**settings.model_dump(), "sentry_dsn": dsn}))

    @app.get("/broken")
    async def broken() -> None:
        password = "hunter" + str(2)  # local variables must not travel
        raise RuntimeError(f"broken beyond {len(password)}")

    headers = {"authorization": f"Bearer {token()}", "x-request-id": "req-9"}
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/broken", headers=headers)
    sentry_sdk.flush(5)

    (report,) = collector.received
    assert answer.status_code == 500
    assert "RuntimeError" in report
    assert "req-9" in report
    assert "hunter2" not in report
    assert headers["authorization"] not in report
