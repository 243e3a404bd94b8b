"""Orders, through the front door."""

from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from ..conftest import LINE, ORDER, Token

pytestmark = pytest.mark.anyio


async def place(client: AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/orders", json={**ORDER, **changes})
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()
    return order


async def test_a_placed_order_can_be_read_where_the_answer_says(client: AsyncClient) -> None:
    placed = await client.post("/orders", json={**ORDER, "note": "ring twice"})

    read = await client.get(placed.headers["location"])

    assert placed.status_code == 201
    assert read.status_code == 200
    assert read.json() == placed.json()
    assert read.json()["total"] == 900
    assert read.json()["note"] == "ring twice"
    assert read.headers["etag"] == placed.headers["etag"] == '"1"'


async def test_an_order_can_be_changed_while_it_is_open(client: AsyncClient) -> None:
    order = await place(client)

    lines = [{"sku": "TEA-2", "quantity": 1, "unit_price": 500}]
    answer = await client.patch(f"/orders/{order['id']}", json={"lines": lines})

    assert answer.status_code == 200
    assert answer.json()["lines"] == lines
    assert answer.json()["total"] == 500
    assert answer.headers["etag"] == '"2"'


async def test_what_a_change_leaves_out_stays_as_it_is(client: AsyncClient) -> None:
    order = await place(client)

    answer = await client.patch(f"/orders/{order['id']}", json={"note": "leave at the door"})

    assert answer.json()["note"] == "leave at the door"
    assert answer.json()["lines"] == order["lines"]


@pytest.mark.parametrize("change", [{}, {"note": None}, {"lines": None}, {"note": 1}, {"sku": "A"}])
async def test_a_change_says_what_changes(client: AsyncClient, change: dict[str, Any]) -> None:
    order = await place(client)

    answer = await client.patch(f"/orders/{order['id']}", json=change)

    assert answer.status_code == 422


async def test_a_cancelled_order_can_no_longer_change(client: AsyncClient) -> None:
    order = await place(client)
    await client.post(f"/orders/{order['id']}/cancel")

    changed = await client.patch(f"/orders/{order['id']}", json={"note": "too late"})
    cancelled = await client.post(f"/orders/{order['id']}/cancel")

    assert (changed.status_code, cancelled.status_code) == (409, 409)
    assert changed.json()["title"] == "Order closed"


async def test_only_a_cancelled_order_can_be_deleted(client: AsyncClient) -> None:
    order = await place(client)

    early = await client.delete(f"/orders/{order['id']}")
    await client.post(f"/orders/{order['id']}/cancel")
    late = await client.delete(f"/orders/{order['id']}")
    gone = await client.get(f"/orders/{order['id']}")

    assert (early.status_code, late.status_code, gone.status_code) == (409, 204, 404)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_an_unknown_order_is_told_as_such(client: AsyncClient, method: str) -> None:
    answer = await client.request(
        method, f"/orders/{uuid4()}", json={"note": "?"} if method == "PATCH" else None
    )

    assert answer.status_code == 404
    assert answer.json()["title"] == "Order not found"


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PATCH", ""), ("POST", "/cancel")])
async def test_nobody_sees_or_touches_the_orders_of_others(
    client: AsyncClient, token: Token, method: str, path: str
) -> None:
    order = await place(client)

    answer = await client.request(
        method,
        f"/orders/{order['id']}{path}",
        json={"note": "mine now"} if method == "PATCH" else None,
        headers={"authorization": f"Bearer {token(sub='mallory')}"},
    )

    assert answer.status_code == 404


async def test_the_same_article_on_two_lines_is_refused(client: AsyncClient) -> None:
    answer = await client.post("/orders", json={**ORDER, "lines": [LINE, LINE]})

    assert answer.status_code == 422
    assert answer.json()["title"] == "Duplicate sku"


async def test_an_order_that_costs_too_much_is_refused(client: AsyncClient) -> None:
    dear = [{"sku": f"GOLD-{n}", "quantity": 1000, "unit_price": 1_000_000} for n in range(2)]

    answer = await client.post("/orders", json={**ORDER, "lines": dear})

    assert answer.status_code == 422
    assert answer.json()["title"] == "Total too high"


async def test_a_change_of_an_older_version_is_refused(client: AsyncClient) -> None:
    order = await place(client)
    await client.patch(f"/orders/{order['id']}", json={"note": "first"})

    answer = await client.patch(
        f"/orders/{order['id']}", json={"note": "second"}, headers={"if-match": '"1"'}
    )
    read = await client.get(f"/orders/{order['id']}")

    assert answer.status_code == 412
    assert read.json()["note"] == "first"


async def test_a_change_of_the_version_that_was_read_is_made(client: AsyncClient) -> None:
    order = await place(client)

    answer = await client.post(f"/orders/{order['id']}/cancel", headers={"if-match": '"1"'})

    assert answer.status_code == 200
    assert answer.json()["status"] == "cancelled"


async def test_a_change_of_any_version_that_was_named_is_made(client: AsyncClient) -> None:
    order = await place(client)

    answer = await client.patch(
        f"/orders/{order['id']}", json={"note": "new"}, headers={"if-match": '"7", "1"'}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("sort", ["placed_at", "-placed_at", "total", "-total"])
async def test_pages_hold_every_order_once_and_in_order(client: AsyncClient, sort: str) -> None:
    for price in (300, 100, 200, 100, 300, 200, 100):
        await place(client, lines=[{"sku": "TEA-1", "quantity": 1, "unit_price": price}])

    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = {"sort": sort, "limit": "3", **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/orders", params=query)).json()
        found += page["items"]
        if (cursor := page["next"]) is None:
            break

    keys = [order[sort.removeprefix("-")] for order in found]
    assert len({order["id"] for order in found}) == len(found) == 7
    assert keys == sorted(keys, reverse=sort.startswith("-"))


async def test_a_list_can_be_filtered(client: AsyncClient) -> None:
    order = await place(client)
    await place(client)
    await client.post(f"/orders/{order['id']}/cancel")

    answer = await client.get("/orders", params={"status": "cancelled"})

    assert [item["id"] for item in answer.json()["items"]] == [order["id"]]


@pytest.mark.parametrize("cursor", ["?", "AAAA", "WyJ0b3RhbCIsMSwyXQ", "bm90anNvbg", "W10"])
async def test_a_made_up_cursor_is_refused(client: AsyncClient, cursor: str) -> None:
    answer = await client.get("/orders", params={"cursor": cursor, "sort": "total"})

    assert answer.status_code == 422
    assert answer.json()["title"] == "Invalid cursor"


async def test_pages_are_bounded(client: AsyncClient) -> None:
    answer = await client.get("/orders", params={"limit": 101})

    assert answer.status_code == 422
