"""Deliveries: written down, tried again, once each, and whatever process dies."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ...chassis.http.servers import Behaviour, answers, hangs, in_turn, resets
from .hooks import QUICK, is_signed

pytestmark = pytest.mark.anyio

Compose = Callable[..., Any]
Serve = Callable[..., Any]


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
    acme.front.app.state.partner_sender.wake = lambda: None
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
    outbox = other.app.state.partner_sender.outbox
    now = outbox._now
    outbox._now = lambda: now() + timedelta(seconds=120)

    assert (await acme.ends("delivered"))["attempts"] == 2
