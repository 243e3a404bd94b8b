"""Commands, through the front door: the write model."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from .shop import Shop

pytestmark = pytest.mark.anyio


async def test_an_added_product_can_be_read_where_the_answer_says(shop: Shop) -> None:
    added = await shop.add()

    read = await shop.client.get(added.headers["location"])

    assert added.status_code == 201
    assert read.json() == added.json()
    assert read.json()["status"] == "draft"
    assert read.headers["etag"] == added.headers["etag"] == '"1"'


async def test_a_sku_is_taken_once(shop: Shop) -> None:
    first = await shop.add()

    second = await shop.add(sku=first.json()["sku"])

    assert second.status_code == 409
    assert second.json()["title"] == "Sku taken"


async def test_of_two_at_the_same_time_one_gets_the_sku(shop: Shop) -> None:
    sku = f"RACE-{uuid4().hex[:8].upper()}"

    answers = await asyncio.gather(*(shop.add(sku=sku) for _ in range(5)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 4}


async def test_what_a_change_leaves_out_stays_as_it_is(shop: Shop) -> None:
    added = await shop.add()

    answer = await shop.client.patch(added.headers["location"], json={"name": "Darjeeling"})

    assert answer.json()["name"] == "Darjeeling"
    assert answer.json()["description"] == "Malty"
    assert answer.headers["etag"] == '"2"'


@pytest.mark.parametrize("change", [{}, {"name": None}, {"price": 1}, {"category": "No!"}])
async def test_a_change_says_what_changes(shop: Shop, change: dict[str, Any]) -> None:
    added = await shop.add()

    answer = await shop.client.patch(added.headers["location"], json=change)

    assert answer.status_code == 422


async def test_a_change_of_an_older_version_is_refused(shop: Shop) -> None:
    added = await shop.add()
    await shop.client.patch(added.headers["location"], json={"name": "First"})

    answer = await shop.client.patch(
        added.headers["location"], json={"name": "Second"}, headers={"if-match": '"1"'}
    )

    assert answer.status_code == 412


async def test_the_price_that_it_has_already_makes_no_version(shop: Shop) -> None:
    added = await shop.add(price=450)

    answer = await shop.client.put(f"{added.headers['location']}/price", json={"price": 450})

    assert answer.status_code == 200
    assert answer.headers["etag"] == '"1"'


async def test_a_product_is_published_once_whoever_sends_it_again(shop: Shop) -> None:
    added = await shop.add()
    publish = f"{added.headers['location']}/publish"
    key = {"idempotency-key": uuid4().hex}

    first = await shop.client.post(publish, headers=key)
    again = await shop.client.post(publish, headers=key)
    other = await shop.client.post(publish)

    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert again.headers["consistency-token"] == first.headers["consistency-token"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("PATCH", ""), ("PUT", "/price"), ("POST", "/publish"), ("POST", "/withdraw")],
)
async def test_an_unknown_product_is_told_as_such(shop: Shop, method: str, path: str) -> None:
    bodies = {"PATCH": {"name": "?"}, "PUT": {"price": 1}}

    answer = await shop.client.request(
        method, f"/products/{uuid4()}{path}", json=bodies.get(method)
    )

    assert answer.status_code == 404
    assert answer.json()["title"] == "Product not found"


async def test_the_audit_log_tells_every_change(shop: Shop) -> None:
    published = await shop.publish()

    audit = await shop.client.get("/audit", params={"entity_id": published.json()["id"]})

    actions = [entry["action"] for entry in audit.json()["items"]]
    assert actions == ["product_published", "product_added"]
