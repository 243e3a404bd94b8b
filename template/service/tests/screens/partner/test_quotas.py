"""Quotas: counted together by all replicas, and told on every answer."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ..conftest import order
from .conftest import callers, keys
from .front import new_key

pytestmark = pytest.mark.anyio

Compose = Callable[..., Any]
HOME = "/screens/home"


class Hand:
    """A clock that is moved by hand; it begins with a window."""

    def __init__(self) -> None:
        self.at = 3600.0 * 500_000

    def __call__(self) -> float:
        return self.at


async def limited(front: Any, hand: Hand, key: str) -> Any:
    front.app.state.partner_quotas._clock = hand
    client = await front.stranger()
    client.headers[callers.HEADER] = key
    return client


async def test_every_answer_says_what_is_left(compose: Compose) -> None:
    front, hand = await compose(), Hand()
    key = await new_key(front.app, "acme", quota=keys.Quota(2, 3600))
    client = await limited(front, hand, key)
    hand.at += 600

    found = [await client.get(path) for path in (HOME, "/screens/orders/1", HOME)]

    assert [answer.status_code for answer in found] == [200, 422, 429]
    assert [answer.headers.get_list("ratelimit") for answer in found] == [
        ['"key";r=1;t=3000'],
        ['"key";r=0;t=3000'],
        ['"key";r=0;t=3000'],
    ]
    assert found[0].headers["ratelimit-policy"] == '"key";q=2;w=3600'
    assert (found[2].headers["retry-after"], found[2].json()["title"]) == ("3000", "Quota exceeded")


async def test_a_new_window_begins_anew(compose: Compose) -> None:
    front, hand = await compose(), Hand()
    client = await limited(front, hand, await new_key(front.app, "acme", quota=keys.Quota(1, 60)))

    found = []
    for _ in range(2):
        found += [(await client.get(HOME)).status_code for _ in range(2)]
        hand.at += 60

    assert found == [200, 429, 200, 429]


async def test_replicas_count_together_and_miss_nothing(compose: Compose) -> None:
    one, other, hand = await compose(), await compose(), Hand()
    key = await new_key(one.app, "acme", quota=keys.Quota(30, 3600))
    clients = [await limited(front, hand, key) for front in (one, other)]

    found = await asyncio.gather(*(client.get(HOME) for client in clients for _ in range(20)))

    assert sorted(answer.status_code for answer in found) == [200] * 30 + [429] * 10


async def test_a_key_does_not_use_up_that_of_another(compose: Compose) -> None:
    front, hand = await compose(), Hand()
    quota = keys.Quota(1, 3600)
    first = await limited(front, hand, await new_key(front.app, "acme", quota=quota))
    second = await limited(front, hand, await new_key(front.app, "acme", quota=quota))

    found = [(await client.get(HOME)).status_code for client in (first, first, second)]

    assert found == [200, 429, 200]


async def test_who_has_no_key_counts_for_nobody(compose: Compose) -> None:
    front, hand = await compose(), Hand()
    client = await limited(front, hand, await new_key(front.app, "acme", quota=keys.Quota(1, 60)))
    stranger = await front.stranger()
    wrong = {callers.HEADER: client.headers[callers.HEADER][:-1] + "-"}

    refused = [await stranger.get(HOME, headers=wrong) for _ in range(3)]

    assert {answer.status_code for answer in refused} == {401}
    assert "ratelimit" not in refused[0].headers
    assert (await client.get(f"/screens/orders/{order(1)['id']}")).status_code != 429
