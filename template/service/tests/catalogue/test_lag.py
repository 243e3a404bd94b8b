"""How far queries are behind, as metrics and a command say it."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from ..conftest import Live
from .shop import Shop, until
from .test_tokens import stalled

QUICK = {"read_lag_seconds": 0.05}


async def figure(shop: Shop, name: str) -> float:
    text = (await shop.client.get("/metrics")).text
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    assert found
    return float(found[1])


@pytest.mark.anyio
async def test_it_grows_while_a_change_is_not_shown(open_shop: Callable[..., Any]) -> None:
    shop = await open_shop(**QUICK)
    async with stalled(shop):
        await shop.publish()
        await asyncio.sleep(0.5)
        behind = await figure(shop, "read_model_lag_seconds")
        position = await figure(shop, "read_model_position")

    async def is_fresh() -> bool:
        return await figure(shop, "read_model_lag_seconds") == 0

    await until(is_fresh)

    assert 0.3 < behind < 5
    assert time.time() - position > 0.3
    assert await figure(shop, "read_model_position") > position


@pytest.mark.anyio
async def test_what_was_never_shown_is_found_by_a_process_that_starts(
    open_shop: Callable[..., Any],
) -> None:
    shop = await open_shop()
    async with stalled(shop):
        await shop.publish()
        second = await open_shop(databases_of=shop)

        lag = await second.app.state.catalogue.watch.look()

    assert lag.behind == 1


def test_the_command_says_how_it_stands(live: Live) -> None:
    bearer = {"authorization": f"Bearer {live.token()}"}
    given = {"sku": "LAG-1", "name": "Assam", "category": "lag", "price": 450}
    added = httpx2.post(f"{live.url}/products", json=given, headers=bearer)
    seen = {**bearer, "consistency-token": added.headers["consistency-token"]}
    httpx2.get(f"{live.url}/catalogue", headers=seen)

    before = live.run("catalogue", "lag")
    rebuilt = live.run("catalogue", "rebuild")
    after = live.run("catalogue", "lag")

    assert "nothing behind; blue is shown" in before.stdout
    assert "copied; the new tables are shown" in rebuilt.stdout
    assert "nothing behind; green is shown" in after.stdout
