"""Stock and reservations by REST, through the front door."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from ..conftest import Token
from .conftest import Shelf

pytestmark = pytest.mark.anyio
LINE = {"sku": "TEA-1", "quantity": 2}


def lines(**counts: int) -> dict[str, Any]:
    """`lines(tea_1=2)`"""
    skus = {name.upper().replace("_", "-"): count for name, count in counts.items()}
    return {"lines": [{"sku": sku, "quantity": count} for sku, count in skus.items()]}


async def test_what_is_counted_can_be_read(client: AsyncClient) -> None:
    first = await client.put("/stock/TEA-1", json={"on_hand": 5})
    again = await client.put("/stock/TEA-1", json={"on_hand": 7})
    read = await client.get("/stock/TEA-1")

    assert (first.status_code, again.status_code) == (201, 200)
    assert read.json() == again.json()
    assert read.json() == {"sku": "TEA-1", "on_hand": 7, "reserved": 0, "available": 7}


async def test_an_article_that_nobody_has_counted_is_told_as_such(client: AsyncClient) -> None:
    answer = await client.get("/stock/TEA-9")

    assert answer.status_code == 404
    assert answer.json()["title"] == "Unknown sku"


async def test_no_fewer_can_be_counted_than_are_reserved(
    client: AsyncClient, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=5)
    await client.put(f"/reservations/{order_id}", json=lines(tea_1=3))

    answer = await client.put("/stock/TEA-1", json={"on_hand": 2})

    assert answer.status_code == 409
    assert await shelf.of("tea_1") == (5, 3)


async def test_pages_hold_every_article_once_and_in_order(
    client: AsyncClient, shelf: Shelf
) -> None:
    await shelf.holds(**{f"tea_{number}": number for number in range(7)})

    found: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = (await client.get("/stock", params=query)).json()
        found += [item["sku"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]

    assert found == [f"TEA-{number}" for number in range(7)]


async def test_a_reservation_can_be_sent_again(
    client: AsyncClient, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=5)

    first = await client.put(f"/reservations/{order_id}", json=lines(tea_1=2))
    again = await client.put(f"/reservations/{order_id}", json=lines(tea_1=2))
    read = await client.get(f"/reservations/{order_id}")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == read.json()
    assert await shelf.of("tea_1") == (5, 2)


async def test_a_reservation_that_is_sent_again_is_the_same(
    client: AsyncClient, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=5)
    await client.put(f"/reservations/{order_id}", json=lines(tea_1=2))

    answer = await client.put(f"/reservations/{order_id}", json=lines(tea_1=3))

    assert answer.status_code == 409
    assert answer.json()["title"] == "Reservation differs"
    assert await shelf.of("tea_1") == (5, 2)


async def test_an_order_is_reserved_whole_or_not_at_all(
    client: AsyncClient, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=5, tea_2=1)

    answer = await client.put(f"/reservations/{order_id}", json=lines(tea_1=2, tea_2=2, tea_3=1))
    read = await client.get(f"/reservations/{order_id}")

    assert answer.status_code == 409
    assert answer.json()["title"] == "Out of stock"
    assert answer.json()["detail"] == "there are only 1 of 2 `TEA-2`, 0 of 1 `TEA-3`"
    assert read.json()["state"] == "refused"
    assert await shelf.of("tea_1") == (5, 0)


async def test_what_is_released_is_there_for_others(
    client: AsyncClient, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=2)
    await client.put(f"/reservations/{order_id}", json=lines(tea_1=2))

    first = await client.delete(f"/reservations/{order_id}")
    again = await client.delete(f"/reservations/{order_id}")
    other = await client.put(f"/reservations/{uuid4()}", json=lines(tea_1=2))

    assert (first.status_code, again.status_code, other.status_code) == (204, 204, 201)


async def test_an_order_that_comes_after_its_end_reserves_nothing(
    client: AsyncClient, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=2)

    released = await client.delete(f"/reservations/{order_id}")
    answer = await client.put(f"/reservations/{order_id}", json=lines(tea_1=2))

    assert (released.status_code, answer.status_code) == (204, 409)
    assert answer.json()["title"] == "Reservation closed"
    assert await shelf.of("tea_1") == (2, 0)


async def test_an_unknown_reservation_is_told_as_such(client: AsyncClient) -> None:
    answer = await client.get(f"/reservations/{uuid4()}")

    assert answer.status_code == 404


async def test_what_changes_is_in_the_audit_log(
    client: AsyncClient, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=2)
    await client.put(f"/reservations/{order_id}", json=lines(tea_1=2))
    await client.delete(f"/reservations/{order_id}")

    entries = (await client.get("/audit")).json()["items"]

    assert [(each["action"], each["actor"]) for each in entries] == [
        ("reservation_released", "alice"),
        ("reservation_reserved", "alice"),
        ("stock_counted", "alice"),
    ]


async def test_who_may_only_read_changes_nothing(client: AsyncClient, token: Token) -> None:
    client.headers["authorization"] = f"Bearer {token(scope='stock:read')}"

    put = await client.put("/stock/TEA-1", json={"on_hand": 5})
    reserved = await client.put(f"/reservations/{uuid4()}", json={"lines": [LINE]})

    assert (put.status_code, reserved.status_code) == (403, 403)


async def test_the_last_ones_go_to_whoever_is_first(client: AsyncClient, shelf: Shelf) -> None:
    await shelf.holds(tea_1=10, tea_2=10)
    wishes = [lines(tea_1=2, tea_2=1), lines(tea_2=1, tea_1=2)] * 6

    answers = await asyncio.gather(
        *(client.put(f"/reservations/{uuid4()}", json=wish) for wish in wishes)
    )

    assert Counter(answer.status_code for answer in answers) == {201: 5, 409: 7}
    assert await shelf.of("tea_1") == (10, 10)
    assert await shelf.of("tea_2") == (10, 5)


async def test_one_order_that_is_sent_at_once_is_reserved_once(
    client: AsyncClient, shelf: Shelf, order_id: str
) -> None:
    await shelf.holds(tea_1=10)

    answers = await asyncio.gather(
        *(client.put(f"/reservations/{order_id}", json=lines(tea_1=2)) for _ in range(8))
    )

    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 7}
    assert await shelf.of("tea_1") == (10, 2)
