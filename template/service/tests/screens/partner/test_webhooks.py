"""Webhooks: written down, signed, tried again, and only to where they may go."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from ...chassis.http.servers import Behaviour, Server, answers, hangs, in_turn, resets
from .conftest import addresses, signing

pytestmark = pytest.mark.anyio

Compose = Callable[..., Any]
Serve = Callable[..., Any]
QUICK = {
    "webhook_backoff_seconds": 0.01,
    "webhook_poll_seconds": 0.02,
    "webhook_timeout_seconds": 1.0,
    "webhook_attempts": 3,
}


class Hooks:
    """A partner with a webhook, and a service of ours that publishes events."""

    def __init__(self, front: Any, user: httpx2.AsyncClient) -> None:
        self.front, self.user = front, user
        self.id = self.secret = ""

    async def register(self, url: str, *events: str) -> httpx2.Response:
        answer = await self.user.post("/webhooks", json={"url": url, "events": events or ("*",)})
        if answer.status_code == 201:
            self.id, self.secret = answer.json()["id"], answer.json()["secret"]
        return answer

    async def publish(
        self, event: str = "order.cancelled", partner: str = "acme", **headers: str
    ) -> httpx2.Response:
        stranger = await self.front.stranger()
        body = {"partner": partner, "type": event, "data": {"order_id": "7"}}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        bearer = {"authorization": f"Bearer {self.front.token()}"}
        answer: httpx2.Response = await stranger.post(
            "/events", json=body, headers={**bearer, **named}
        )
        return answer

    async def deliveries(self, limit: int = 50) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            await self.user.get(f"/webhooks/{self.id}/deliveries?limit={limit}")
        ).json()
        return found

    async def ends(self, state: str) -> dict[str, Any]:
        """Waits until the newest delivery has come so far."""
        async with asyncio.timeout(30):
            while True:
                found = (await self.deliveries())[0]
                if found["state"] == state:
                    return found
                await asyncio.sleep(0.01)

    async def all_end(self, state: str) -> None:
        async with asyncio.timeout(30):
            while True:
                if {each["state"] for each in await self.deliveries()} == {state}:
                    return
                await asyncio.sleep(0.01)


@pytest.fixture
def hooks(compose: Compose) -> Callable[..., Any]:
    async def start(partner: str = "acme", **changes: Any) -> Hooks:
        front = await compose(**{**QUICK, **changes})
        return Hooks(front, await front.user(partner))

    return start


def is_signed(server: Server, secret: str, number: int = -1) -> bool:
    """As a receiver checks it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    told = {
        name: value
        for name, _, value in (line.partition(": ") for line in server.heads[number].split("\r\n"))
    }
    content = f"{told['webhook-id']}.{told['webhook-timestamp']}.".encode() + server.bodies[number]
    mark = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return f"v1,{mark}" in told["webhook-signature"].split()


def test_signatures_are_those_of_the_standard() -> None:
    """The example of the specification."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    told = signing.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', [secret], at=1614265330
    )

    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_an_event_reaches_who_wants_it_signed(hooks: Any, serve: Serve) -> None:
    server = await serve(answers(204))
    acme = await hooks()
    await acme.register(f"{server.url}/hooks?from=us", "order.cancelled")

    told = await acme.publish()
    found = await acme.ends("delivered")

    body = json.loads(server.bodies[0])
    assert (told.status_code, told.json()) == (202, {"deliveries": 1})
    assert (found["attempts"], found["outcome"]) == (1, "204")
    assert server.heads[0].startswith("POST /hooks?from=us HTTP/1.1")
    assert server.header("webhook-id") == found["id"]
    assert (body["type"], body["data"]) == ("order.cancelled", {"order_id": "7"})
    assert is_signed(server, acme.secret)


async def test_nobody_gets_what_he_did_not_ask_for(hooks: Any, serve: Serve) -> None:
    server = await serve(answers(200))
    acme = await hooks()
    await acme.register(server.url, "order.placed")

    assert (await acme.publish("order.cancelled")).json() == {"deliveries": 0}
    assert (await acme.publish("order.placed", partner="other")).json() == {"deliveries": 0}
    assert (await acme.publish("order.placed")).json() == {"deliveries": 1}
    await acme.ends("delivered")
    assert len(server.heads) == 1


@pytest.mark.parametrize(
    "bad",
    [answers(500), resets, answers(302, location="/x"), answers(429, retry_after="0")],
    ids=["500", "resets", "redirects", "429"],
)
async def test_a_delivery_is_tried_again(hooks: Any, serve: Serve, bad: Behaviour) -> None:
    server = await serve(in_turn(bad, bad, answers(200)))
    acme = await hooks()
    await acme.register(server.url)

    await acme.publish()
    found = await acme.ends("delivered")

    assert (found["attempts"], found["outcome"]) == (3, "200")
    assert len({head.split("webhook-id: ")[1].split("\r\n")[0] for head in server.heads}) == 1
    assert all(is_signed(server, acme.secret, number) for number in range(3))


async def test_a_delivery_is_dead_in_the_end_and_can_be_revived(hooks: Any, serve: Serve) -> None:
    server = await serve(in_turn(*[answers(500)] * 3, answers(200)))
    acme = await hooks()
    await acme.register(server.url)
    await acme.publish()
    dead = await acme.ends("dead")
    retry = f"/webhooks/{acme.id}/deliveries/{dead['id']}/retry"

    again = await acme.user.post(retry)
    found = await acme.ends("delivered")
    late = await acme.user.post(retry)

    assert (dead["attempts"], dead["outcome"], len(server.heads)) == (3, "500", 4)
    assert (again.status_code, late.status_code) == (202, 409)
    assert found["id"] == dead["id"]


async def test_a_receiver_that_is_gone_is_left_alone(hooks: Any, serve: Serve) -> None:
    server = await serve(answers(410))
    acme = await hooks()
    await acme.register(server.url)

    await acme.publish()

    assert (await acme.ends("dead"))["attempts"] == 1


async def test_a_receiver_that_hangs_holds_nobody_up(hooks: Any, serve: Serve) -> None:
    stuck, good = await serve(hangs), await serve(answers(200))
    acme = await hooks(webhook_timeout_seconds=20)
    await acme.register(stuck.url, "slow")
    for _ in range(10):
        await acme.publish("slow")
    await stuck.has(1)
    await acme.register(good.url, "quick")

    await acme.publish("quick")

    assert (await acme.ends("delivered"))["event"] == "quick"
    assert stuck.most_open < 10


async def test_replicas_send_each_delivery_once(hooks: Any, compose: Compose, serve: Serve) -> None:
    server = await serve(answers(200))
    acme = await hooks()
    for _ in range(2):
        await compose(**QUICK)
    await acme.register(server.url)

    for _ in range(30):
        await acme.publish()
    await acme.all_end("delivered")

    ids = [head.split("webhook-id: ")[1].split("\r\n")[0] for head in server.heads]
    assert len(ids) == len(set(ids)) == 30


async def test_what_waits_is_sent_after_a_restart(
    hooks: Any, compose: Compose, serve: Serve
) -> None:
    """One process takes it in and never sends it; the next one does."""
    server = await serve(answers(200))
    acme = await hooks(webhook_poll_seconds=60)
    await acme.register(server.url)
    acme.front.app.state.partner_outbox.wake = lambda: None
    await acme.publish()
    assert (await acme.deliveries())[0]["state"] == "waiting"

    await compose(**QUICK)

    assert (await acme.ends("delivered"))["attempts"] == 1


async def test_a_process_that_died_with_one_in_hand_lets_it_go(
    hooks: Any, compose: Compose, serve: Serve
) -> None:
    stuck = await serve(in_turn(hangs, answers(200)))
    acme = await hooks(webhook_timeout_seconds=60)
    await acme.register(stuck.url)
    await acme.publish()
    await stuck.has(1)

    other = await compose(**QUICK)
    later = other.app.state.partner_outbox._now
    other.app.state.partner_outbox._now = lambda: later() + timedelta(seconds=120)

    assert (await acme.ends("delivered"))["attempts"] == 2


async def test_an_event_that_is_sent_twice_is_delivered_once(hooks: Any, serve: Serve) -> None:
    server = await serve(answers(200))
    acme = await hooks()
    await acme.register(server.url)

    told = [await acme.publish(idempotency_key="5c1f") for _ in range(2)]
    await acme.ends("delivered")

    assert [answer.json() for answer in told] == [{"deliveries": 1}] * 2
    assert len(await acme.deliveries()) == 1


async def test_both_secrets_sign_for_a_while_after_a_rotation(hooks: Any, serve: Serve) -> None:
    server = await serve(answers(200))
    acme = await hooks()
    await acme.register(server.url)
    old = acme.secret

    new = (await acme.user.post(f"/webhooks/{acme.id}/secret")).json()["secret"]
    await acme.publish()
    await acme.ends("delivered")

    assert new != old
    assert is_signed(server, old)
    assert is_signed(server, new)


async def test_an_old_secret_does_not_sign_for_ever(hooks: Any, serve: Serve) -> None:
    server = await serve(answers(200))
    acme = await hooks(webhook_overlap_hours=0)
    await acme.register(server.url)
    old = acme.secret

    new = (await acme.user.post(f"/webhooks/{acme.id}/secret")).json()["secret"]
    await acme.user.post(f"/webhooks/{acme.id}/ping")
    await acme.ends("delivered")

    assert is_signed(server, new)
    assert not is_signed(server, old)


async def test_a_webhook_is_its_partners_alone(hooks: Any, serve: Serve) -> None:
    server = await serve(answers(200))
    acme = await hooks()
    await acme.register(server.url)
    other = await acme.front.user("other")
    own = f"/webhooks/{acme.id}"

    tried = [
        await other.delete(own),
        await other.post(f"{own}/secret"),
        await other.post(f"{own}/ping"),
        await other.get(f"{own}/deliveries"),
    ]

    assert {answer.status_code for answer in tried} == {404}
    assert (await other.get("/webhooks")).json() == []
    assert [each["id"] for each in (await acme.user.get("/webhooks")).json()] == [acme.id]
    assert "secret" not in (await acme.user.get("/webhooks")).text


async def test_a_removed_webhook_gets_nothing(hooks: Any, serve: Serve) -> None:
    server = await serve(answers(500))
    acme = await hooks(webhook_backoff_seconds=3600)
    await acme.register(server.url)
    await acme.publish()
    await server.has(1)

    removed = await acme.user.delete(f"/webhooks/{acme.id}")

    assert removed.status_code == 204
    assert (await acme.publish()).json() == {"deliveries": 0}
    assert (await acme.user.get(f"/webhooks/{acme.id}/deliveries")).status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example.com/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://user:word@partner.example.com/",
        "ftp://partner.example.com/",
        "https:///nowhere",
        "https://partner.example.com:99999/",
        "file:///etc/passwd",
        "partner.example.com",
    ],
)
async def test_no_webhook_is_registered_for_our_own_network(hooks: Any, url: str) -> None:
    acme = await hooks(webhook_private=False)

    answer = await acme.register(url)

    assert (answer.status_code, answer.json()["title"]) == (422, "Address refused")


@pytest.mark.parametrize("name", ["localhost", "127.1", "0x7f.0.0.1", "2130706433"])
async def test_a_name_of_our_own_network_is_never_called(hooks: Any, name: str) -> None:
    """What DNS says counts when it is sent, whatever it said before."""
    acme = await hooks(webhook_private=False)
    assert (await acme.register(f"https://{name}/")).status_code == 201

    await acme.publish()
    found = await acme.ends("dead")

    assert found["outcome"] == "refused: the address is not a public one"


async def test_it_connects_to_what_was_looked_at() -> None:
    target = await addresses.resolve("http://localhost:8123/a%20b?c=d", private=True)

    assert target.url in ("http://127.0.0.1:8123/a%20b?c=d", "http://[::1]:8123/a%20b?c=d")
    assert (target.host, target.authority) == ("localhost", "localhost:8123")


async def test_a_partner_has_so_many_webhooks_and_no_more(hooks: Any) -> None:
    acme = await hooks()

    found = [(await acme.register("http://127.0.0.1:1/")).status_code for _ in range(21)]

    assert found == [201] * 20 + [409]


async def test_a_partner_publishes_nothing(hooks: Any) -> None:
    acme = await hooks()

    answer = await acme.user.post(
        "/events", json={"partner": "other", "type": "order.placed", "data": {}}
    )

    assert answer.status_code == 401
