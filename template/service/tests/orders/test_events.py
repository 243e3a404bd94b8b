"""What other services hear of orders, over the bus."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from ..conftest import LINE, ORDER, Settings, events

pytestmark = pytest.mark.anyio

Heard = Callable[[str, int], Any]


@pytest.fixture
async def heard(app: FastAPI, settings: Settings) -> AsyncIterator[Heard]:
    """What another service hears from now on: `await heard(id, 2)` waits for two events."""
    bus = events.connect(settings, app.state.database)
    known: list[events.envelope.Envelope] = []

    async def listen(message: events.Message) -> None:
        known.append(events.envelope.decode(message.body))

    async def heard(order_id: str, count: int) -> list[events.envelope.Envelope]:
        deadline = time.monotonic() + 20
        while True:
            told = [each for each in known if each.subject == order_id]
            if len(told) >= count:
                return told
            assert time.monotonic() < deadline, known
            await asyncio.sleep(0.01)

    bus.subscribe("orders", f"test-{time.monotonic_ns()}", listen)
    async with bus.running():
        yield heard


async def test_others_hear_of_an_order_in_the_order_of_its_changes(
    client: httpx2.AsyncClient, heard: Heard
) -> None:
    placed = await client.post("/orders", json=ORDER)
    place = placed.headers["location"]
    await client.patch(place, json={"lines": [{**LINE, "quantity": 3}]})
    await client.post(f"{place}/cancel")

    told = await heard(placed.json()["id"], 3)

    assert [each.name for each in told] == ["OrderPlaced", "OrderChanged", "OrderCancelled"]
    assert [each.data.get("total") for each in told] == [900, 1350, None]
    assert {each.actor for each in told} == {"alice"}
    assert told[0].data["lines"] == [LINE]
    assert told[0].correlation == placed.headers["x-request-id"]


async def test_an_order_that_is_refused_is_not_told_of(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    refused = await client.post("/orders", json={**ORDER, "lines": [LINE, LINE]})

    assert refused.status_code == 422
    assert await app.state.database.rows(text("SELECT id FROM chassis_outbox")) == []
