"""Payments, as the news of other services want them: late, twice, out of order."""

import itertools
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient

from .conftest import Deliver, Heard, balance, events, open_account

pytestmark = pytest.mark.anyio


def reserved(order: UUID, total: int = 900, **changes: Any) -> events.StockReserved:
    told = {"order_id": order, "customer": "alice", "currency": "EUR", "total": total, **changes}
    return events.StockReserved(**told)


async def test_reserved_stock_is_paid_for(
    client: AsyncClient, deliver: Deliver, heard: Heard
) -> None:
    place, order = await open_account(client, owner="alice", balance=1000), uuid4()

    await deliver(reserved(order))

    (told,) = await heard(order, 1)
    assert told.type == "payments.PaymentTaken.v1"
    assert told.data["amount"] == 900
    assert await balance(client, place) == 100


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"total": 1001}, "there is not enough on the account"),
        ({"total": -1}, "an amount is never below zero"),
        ({"currency": "USD"}, "this customer has no account in this currency"),
        ({"customer": "mallory"}, "this customer has no account in this currency"),
    ],
)
async def test_what_cannot_be_paid_is_told_as_such(
    client: AsyncClient, deliver: Deliver, heard: Heard, change: dict[str, Any], reason: str
) -> None:
    place, order = await open_account(client, owner="alice", balance=1000), uuid4()

    await deliver(reserved(order, **change))

    (told,) = await heard(order, 1)
    assert told.type == "payments.PaymentFailed.v1"
    assert told.data["reason"] == reason
    assert await balance(client, place) == 1000


async def test_what_failed_once_is_not_taken_when_the_news_comes_again(
    client: AsyncClient, deliver: Deliver, heard: Heard
) -> None:
    place, order = await open_account(client, owner="alice"), uuid4()
    await deliver(reserved(order))
    await client.post(f"{place}/deposits", json={"amount": 5000})

    await deliver(reserved(order))

    assert [each.name for each in await heard(order, 1)] == ["PaymentFailed"]
    assert await balance(client, place) == 5000


async def test_nothing_to_pay_is_paid(client: AsyncClient, deliver: Deliver, heard: Heard) -> None:
    place, order = await open_account(client, owner="alice"), uuid4()

    await deliver(reserved(order, total=0))

    assert [each.name for each in await heard(order, 1)] == ["PaymentTaken"]
    assert await balance(client, place) == 0


async def test_a_cancellation_before_the_reservation_wins(
    client: AsyncClient, deliver: Deliver, heard: Heard
) -> None:
    place, order = await open_account(client, owner="alice", balance=1000), uuid4()

    await deliver(events.OrderCancelled(order_id=order))
    await deliver(reserved(order))

    (told,) = await heard(order, 1)
    assert (told.name, told.data["reason"]) == ("PaymentFailed", "the order was cancelled")
    assert await balance(client, place) == 1000


NEWS = ("reserved", "reserved again", "released", "cancelled")


@pytest.mark.parametrize("order_of_news", [*itertools.permutations(NEWS)], ids=", ".join)
async def test_in_any_order_and_twice_a_cancelled_order_costs_nothing(
    client: AsyncClient, deliver: Deliver, order_of_news: tuple[str, ...]
) -> None:
    place, order = await open_account(client, owner="alice", balance=1000), uuid4()
    news = {
        "reserved": reserved(order),
        "reserved again": reserved(order),
        "released": events.StockReleased(order_id=order),
        "cancelled": events.OrderCancelled(order_id=order),
    }

    for each in order_of_news:
        identity = str(uuid4())
        await deliver(news[each], event_id=identity)
        await deliver(news[each], event_id=identity)

    assert await balance(client, place) == 1000
    status = (await client.get(f"/payments/{order}")).json()["status"]
    assert status in {"refunded", "cancelled"}
