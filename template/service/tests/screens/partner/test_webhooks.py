"""Webhooks: signed, for those who asked, and each partner's own."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from ...chassis.http.servers import answers
from .conftest import signing
from .hooks import is_signed

pytestmark = pytest.mark.anyio

Compose = Callable[..., Any]
Serve = Callable[..., Any]


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
