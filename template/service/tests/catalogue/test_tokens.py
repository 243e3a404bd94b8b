"""Read your own writes: what a query with a token waits for."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from ..conftest import UnitOfWork
from .shop import Shop, seen

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def stalled(shop: Shop) -> AsyncIterator[None]:
    """Somebody holds what the projection wants to write to."""
    async with UnitOfWork(shop.model._read) as unit:
        if unit.session.get_bind().dialect.name == "postgresql":
            await unit.session.execute(
                text("LOCK TABLE catalogue_blue, catalogue_green IN SHARE MODE")
            )
        yield


async def test_who_sends_the_token_sees_the_own_change_every_time(shop: Shop) -> None:
    published = await shop.publish()
    product_id = published.json()["id"]

    for price in range(100, 130):
        changed = await shop.client.put(f"/products/{product_id}/price", json={"price": price})
        shown = await shop.shown(product_id, after=changed)

        assert shown.json()["price"] == price


async def test_a_list_waits_for_the_token_too(shop: Shop) -> None:
    for number in range(10):
        published = await shop.publish(name=f"Tea {number}")

        assert f"Tea {number}" in await shop.names(after=published, limit=100)


async def test_a_query_waits_only_so_long_and_then_says_so(open_shop: Callable[..., Any]) -> None:
    shop = await open_shop(read_wait_seconds=0.2)
    async with stalled(shop):
        published = await shop.publish()
        product_id = published.json()["id"]
        began = time.monotonic()

        waited = await shop.shown(product_id, after=published)
        took = time.monotonic() - began
        hurried = await shop.shown(product_id)
    await shop.caught_up()
    later = await shop.shown(product_id, after=published)

    assert (waited.status_code, hurried.status_code, later.status_code) == (503, 404, 200)
    assert waited.json()["title"] == "Read model behind"
    assert waited.headers["retry-after"] == "1"
    assert 0.2 <= took < 2


async def test_several_tokens_are_all_waited_for(shop: Shop) -> None:
    published = [await shop.publish(name=f"Tea {number}") for number in range(5)]
    tokens = ", ".join(seen(each)["consistency-token"] for each in published)

    answer = await shop.client.get(
        "/catalogue", params={"category": shop.category}, headers={"consistency-token": tokens}
    )

    assert len(answer.json()["items"]) == 5


@pytest.mark.parametrize("made_up", ["", "yesterday", f"{uuid4()}@0", f"{uuid4()}", f"{uuid4()}@1"])
async def test_a_token_that_no_command_gave_is_refused_at_once(shop: Shop, made_up: str) -> None:
    began = time.monotonic()

    answer = await shop.client.get("/catalogue", headers={"consistency-token": made_up})

    assert answer.status_code == 422
    assert answer.json()["title"] == "Invalid token"
    assert time.monotonic() - began < 1


async def test_a_token_of_a_version_to_come_is_refused(shop: Shop) -> None:
    published = await shop.publish()
    token = published.headers["consistency-token"].replace("@2", "@3")

    answer = await shop.client.get("/catalogue", headers={"consistency-token": token})

    assert answer.status_code == 422


async def test_many_who_wait_at_once_are_all_answered(shop: Shop) -> None:
    async def write_and_read(number: int) -> int:
        published = await shop.publish(name=f"Tea {number}")
        return (await shop.shown(published.json()["id"], after=published)).status_code

    assert set(await asyncio.gather(*map(write_and_read, range(20)))) == {200}
