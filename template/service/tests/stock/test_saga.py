"""Stock in sagas: events come in over the bus, and what stock says to them goes out."""

import random
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlalchemy import text

from .conftest import Shelf, Shop, cancelled, failed, placed, taken, until

pytestmark = pytest.mark.anyio


async def test_an_order_is_reserved_and_can_be_paid(
    shop: Shop, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=5, tea_2=5)

    await shop.tells(placed(order_id, ("TEA-2", 1), ("TEA-1", 2)))
    [(name, data)] = await shop.hears(order_id)

    lines = [{"sku": "TEA-1", "quantity": 2}, {"sku": "TEA-2", "quantity": 1}]
    told = {"order_id": order_id, "customer": "alice", "currency": "EUR", "total": 1350}
    assert (name, data) == ("StockReserved", {**told, "lines": lines})
    assert await shelf.of("tea_1") == (5, 2)


async def test_an_order_that_is_short_is_refused_whole(
    shop: Shop, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=5, tea_2=1)

    await shop.tells(placed(order_id, ("TEA-1", 2), ("TEA-2", 2)))
    [(name, data)] = await shop.hears(order_id)

    missing = [{"sku": "TEA-2", "wanted": 2, "available": 1}]
    assert name == "OutOfStock"
    assert data == {"order_id": order_id, "customer": "alice", "missing": missing}
    assert await shelf.of("tea_1") == (5, 0)


async def test_goods_leave_when_they_are_paid(shop: Shop, shelf: Shelf, order_id: str) -> None:
    await shelf.holds(tea_1=5)

    await shop.tells(placed(order_id, ("TEA-1", 2)))
    await shop.hears(order_id)
    await shop.tells(taken(order_id))
    await shelf.becomes(order_id, "confirmed")

    assert await shelf.of("tea_1") == (3, 0)


async def test_a_payment_that_fails_undoes_the_reservation(
    shop: Shop, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=5)

    await shop.tells(placed(order_id, ("TEA-1", 2)))
    await shop.hears(order_id)
    await shop.tells(failed(order_id, "no money"))
    [_, (name, data)] = await shop.hears(order_id, 2)

    assert name == "StockReleased"
    assert data == {"order_id": order_id, "reason": "the payment failed: no money"}
    assert await shelf.of("tea_1") == (5, 0)


async def test_an_order_that_is_cancelled_when_it_is_paid_comes_back(
    shop: Shop, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=5)

    await shop.tells(placed(order_id, ("TEA-1", 2)))
    await shop.hears(order_id)
    await shop.tells(taken(order_id))
    await shelf.becomes(order_id, "confirmed")
    await shop.tells(cancelled(order_id))
    [_, (name, _data)] = await shop.hears(order_id, 2)

    assert name == "StockReleased"
    assert await shelf.of("tea_1") == (5, 0)


async def test_an_order_that_comes_after_its_cancellation_is_answered_and_not_reserved(
    shop: Shop, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=5)

    await shop.tells(cancelled(order_id))
    await shelf.becomes(order_id, "released")
    await shop.tells(placed(order_id, ("TEA-1", 2)))
    [(name, _)] = await shop.hears(order_id)

    assert name == "StockReleased"
    assert await shelf.of("tea_1") == (5, 0)


async def test_money_for_an_order_that_was_undone_goes_back(
    shop: Shop, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=1)

    await shop.tells(placed(order_id, ("TEA-1", 2)))
    await shop.hears(order_id)
    await shop.tells(taken(order_id))
    [_, (name, data)] = await shop.hears(order_id, 2)

    assert name == "StockReleased"
    assert data["reason"] == "it was paid, but nothing is reserved for it"


async def test_an_order_that_is_heard_of_after_its_payment_leaves_at_once(
    shop: Shop, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=5)

    await shop.tells(taken(order_id))
    await shelf.becomes(order_id, "prepaid")
    await shop.tells(placed(order_id, ("TEA-1", 2)))
    [(name, _)] = await shop.hears(order_id)

    assert name == "StockReserved"
    assert await shelf.of("tea_1") == (3, 0)


async def test_an_event_that_comes_twice_is_acted_on_once(
    shop: Shop, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=5)
    order, payment = placed(order_id, ("TEA-1", 2)), taken(order_id)

    await shop.tells(order, order)
    await shop.tells(payment, payment)
    await shelf.becomes(order_id, "confirmed")
    await shop.tells(cancelled(order_id))
    names = [name for name, _ in await shop.hears(order_id, 2)]

    assert names == ["StockReserved", "StockReleased"]
    assert await shelf.of("tea_1") == (5, 0)


async def test_who_caused_a_change_is_in_the_audit_log(
    client: AsyncClient, shop: Shop, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=5)

    await shop.tells(placed(order_id, ("TEA-1", 2)))
    await shop.hears(order_id)

    newest = (await client.get("/audit", params={"entity_id": order_id})).json()["items"][0]
    assert (newest["action"], newest["actor"]) == ("reservation_reserved", "/shop")


async def test_sagas_that_are_heard_in_any_order_leave_the_right_stock(
    app: FastAPI, shop: Shop, shelf: Shelf, chance: random.Random
) -> None:
    await shelf.holds(tea_1=1000, tea_2=1000)
    orders = [str(uuid4()) for _ in range(40)]
    fates = [(), (taken,), (failed,), (cancelled,), (taken, cancelled), (failed, cancelled)]
    events = []
    for number, order_id in enumerate(orders):
        events.append(placed(order_id, ("TEA-1", 1 + number % 3), ("TEA-2", 2)))
        events += [fate(order_id) for fate in fates[number % len(fates)]]
    events += chance.sample(events, 30)
    chance.shuffle(events)

    await shop.tells(*events)

    async def all_handled() -> bool:
        query = "SELECT count(*) AS count FROM chassis_inbox"
        [row] = await app.state.database.rows(text(query))
        return bool(row["count"] == len({event.id for event in events}))

    await until(all_handled)
    sold = [1 + number % 3 for number in range(40) if fates[number % len(fates)] == (taken,)]
    held = [1 + number % 3 for number in range(40) if fates[number % len(fates)] == ()]
    assert await shelf.of("tea_1") == (1000 - sum(sold), sum(held))
    assert await shelf.of("tea_2") == (1000 - 2 * len(sold), 2 * len(held))
