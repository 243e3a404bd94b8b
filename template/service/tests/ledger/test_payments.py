"""Payments, asked for over HTTP: each order is paid once, and never after it was cancelled."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from .conftest import Heard, balance, domain, open_account

pytestmark = pytest.mark.anyio

BILL: dict[str, Any] = {"customer": "alice", "amount": 900, "currency": "EUR"}
MERCHANT = f"/accounts/{domain.account_id('merchant', 'EUR')}"


async def test_a_payment_goes_from_the_customer_to_the_merchant(
    client: AsyncClient, heard: Heard
) -> None:
    place, order = await open_account(client, owner="alice", balance=1000), uuid4()

    taken = await client.put(f"/payments/{order}", json=BILL)
    (told,) = await heard(order, 1)

    assert taken.status_code == 201
    assert (await client.get(f"/payments/{order}")).json() == taken.json()
    assert await balance(client, place) == 100
    assert await balance(client, MERCHANT) == 900
    assert told.type == "payments.PaymentTaken.v1"
    assert told.data == {"order_id": str(order), **BILL}


async def test_a_payment_that_is_asked_for_again_is_not_taken_again(client: AsyncClient) -> None:
    place, order = await open_account(client, owner="alice", balance=1000), uuid4()

    first = await client.put(f"/payments/{order}", json=BILL)
    again = await client.put(f"/payments/{order}", json=BILL)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert await balance(client, place) == 100


async def test_a_payment_cannot_be_asked_for_again_with_another_amount(client: AsyncClient) -> None:
    place, order = await open_account(client, owner="alice", balance=1000), uuid4()
    await client.put(f"/payments/{order}", json=BILL)

    other = await client.put(f"/payments/{order}", json={**BILL, "amount": 5})

    assert other.status_code == 409
    assert await balance(client, place) == 100


@pytest.mark.parametrize(
    ("change", "title"),
    [
        ({"amount": 1001}, "Insufficient funds"),
        ({"currency": "USD"}, "No account"),
        ({"customer": "mallory"}, "No account"),
        ({"customer": "merchant"}, "No account"),
    ],
)
async def test_a_payment_that_cannot_be_is_refused_and_can_be_tried_again(
    client: AsyncClient, change: dict[str, Any], title: str
) -> None:
    place, order = await open_account(client, owner="alice", balance=1000), uuid4()

    refused = await client.put(f"/payments/{order}", json={**BILL, **change})
    unknown = await client.get(f"/payments/{order}")
    taken = await client.put(f"/payments/{order}", json=BILL)

    assert (refused.status_code, refused.json()["title"]) == (409, title)
    assert unknown.status_code == 404
    assert taken.status_code == 201
    assert await balance(client, place) == 100


async def test_a_cancelled_payment_is_refunded_once(client: AsyncClient, heard: Heard) -> None:
    place, order = await open_account(client, owner="alice", balance=1000), uuid4()
    await client.put(f"/payments/{order}", json=BILL)

    cancelled = [await client.delete(f"/payments/{order}") for _ in range(2)]
    late = await client.put(f"/payments/{order}", json=BILL)
    told = await heard(order, 2)

    assert [each.status_code for each in cancelled] == [204, 204]
    assert (late.status_code, late.json()["title"]) == (409, "Payment cancelled")
    assert [each.name for each in told] == ["PaymentTaken", "PaymentRefunded"]
    assert await balance(client, place) == 1000
    assert await balance(client, MERCHANT) == 0


async def test_a_payment_that_was_cancelled_before_it_came_is_not_taken(
    client: AsyncClient,
) -> None:
    place, order = await open_account(client, owner="alice", balance=1000), uuid4()

    cancelled = await client.delete(f"/payments/{order}")
    late = await client.put(f"/payments/{order}", json=BILL)

    assert (cancelled.status_code, late.status_code) == (204, 409)
    assert (await client.get(f"/payments/{order}")).json()["status"] == "cancelled"
    assert await balance(client, place) == 1000


async def test_a_refund_reaches_a_closed_account_and_an_empty_merchant(client: AsyncClient) -> None:
    place, order = await open_account(client, owner="alice", balance=900), uuid4()
    await client.put(f"/payments/{order}", json=BILL)
    await client.post(f"{place}/close")
    await client.post(f"{MERCHANT}/withdrawals", json={"amount": 900})

    answer = await client.delete(f"/payments/{order}")

    assert answer.status_code == 204
    assert await balance(client, place) == 900
    assert await balance(client, MERCHANT) == -900


async def test_many_at_once_are_taken_one_after_the_other(client: AsyncClient) -> None:
    place = await open_account(client, owner="alice", balance=1000)
    orders = [uuid4() for _ in range(12)]

    answers = await asyncio.gather(
        *(client.put(f"/payments/{order}", json={**BILL, "amount": 100}) for order in orders),
        *(client.put(f"/payments/{orders[0]}", json={**BILL, "amount": 100}) for _ in range(5)),
    )

    counted = Counter(answer.status_code for answer in answers)
    taken = counted[201]
    assert counted.keys() <= {200, 201, 409}
    assert taken == 10
    assert await balance(client, place) == 0
    assert await balance(client, MERCHANT) == 1000
