# Sealed: an update replaces this file.
"""Unhandled exceptions reach a service that speaks Sentry's protocol."""

from collections.abc import Iterator

import pytest
import sentry_sdk
from httpx2 import ASGITransport, AsyncClient

from ..conftest import Settings, Token, create_app
from .servers import Collector, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def collector() -> Iterator[Collector]:
    with serving(Collector()) as server:
        yield server
        sentry_sdk.get_client().close()


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

    (received,) = collector.received
    report = received.decode()
    assert answer.status_code == 500
    assert "RuntimeError" in report
    assert "req-9" in report
    assert "hunter2" not in report
    assert headers["authorization"] not in report
