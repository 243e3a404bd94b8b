"""Webhooks: to the caller's address, signed, tried again, and nowhere else."""

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import httpx2
import orjson
import pytest

from .conftest import Simulate, settings, webhooks

pytestmark = pytest.mark.anyio


@dataclass
class Receiver:
    """A caller that takes webhooks, but refuses the first few."""

    url: str = ""
    refusals: int = 0
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(503 if len(made.received) <= made.refusals else 204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """The test looks at what came, not at a log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


async def deliveries(client: httpx2.AsyncClient, *, attempts: int) -> list[dict[str, Any]]:
    with anyio.fail_after(10):
        while True:
            found: list[dict[str, Any]] = (await client.get("/_simulator/webhooks")).json()["items"]
            if found and len(found[-1]["attempts"]) >= attempts:
                return found
            await anyio.sleep(0.01)


async def test_a_callback_goes_to_the_address_in_the_request(
    shop: httpx2.AsyncClient, receiver: Receiver
) -> None:
    made = await shop.post("/customers", json={"name": "Anna", "notify": receiver.url})

    [delivery] = await deliveries(shop, attempts=1)

    [(headers, body)] = receiver.received
    assert orjson.loads(body) == made.json()
    assert (headers["webhook-event"], delivery["delivered"]) == ("welcomed", True)


async def test_a_webhook_is_signed_as_standard_webhooks_says(
    shop: httpx2.AsyncClient, receiver: Receiver
) -> None:
    await shop.post("/customers", json={"name": "Anna", "notify": receiver.url})
    await deliveries(shop, attempts=1)

    [(headers, body)] = receiver.received
    secret = base64.b64decode(settings.DEVELOPMENT_SECRET.removeprefix("whsec_"))
    now = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"].startswith("v1,")
    assert webhooks.signed(headers["webhook-id"], body, secret, now=now).items() <= headers.items()
    assert not webhooks.signed("other", body, secret, now=now).items() <= headers.items()


async def test_a_webhook_that_fails_is_tried_again_with_the_same_id(
    shop: httpx2.AsyncClient, receiver: Receiver
) -> None:
    receiver.refusals = 2

    await shop.post("/customers", json={"name": "Anna", "notify": receiver.url})
    [delivery] = await deliveries(shop, attempts=3)

    assert delivery["attempts"] == ["503", "503", "204"]
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "file:///etc/passwd", "http://[::1", "//localhost/x"]
)
async def test_no_other_host_is_ever_called(shop: httpx2.AsyncClient, url: str) -> None:
    answer = await shop.post("/_simulator/webhooks/anything", json={"url": url})

    [delivery] = (await shop.get("/_simulator/webhooks")).json()["items"]

    assert answer.status_code == 202
    assert delivery["attempts"] == ["refused: the host is not allowed"]


async def test_a_scenario_can_send_one(shop: httpx2.AsyncClient) -> None:
    await shop.post("/customers", json={"name": "Mallory"})

    [delivery] = await deliveries(shop, attempts=4)

    assert delivery["event"] == "customer.refused"
    assert set(delivery["attempts"]) == {"ConnectError"}


async def test_without_an_address_nothing_is_sent(
    shop: httpx2.AsyncClient, simulate: Simulate, receiver: Receiver
) -> None:
    addressed = await simulate(provider_webhook_url=receiver.url)

    refused = await shop.post("/_simulator/webhooks/hello", json={})
    taken = await addressed.post("/_simulator/webhooks/hello", json={"body": {"a": 1}})
    await deliveries(addressed, attempts=1)

    assert (refused.status_code, taken.status_code) == (422, 202)
    assert orjson.loads(receiver.received[0][1]) == {"type": "hello", "data": None, "a": 1}
