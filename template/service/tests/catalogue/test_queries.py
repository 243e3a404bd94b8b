"""Queries, through the front door: the read model."""

from typing import Any

import pytest

from .shop import Shop

pytestmark = pytest.mark.anyio


async def test_a_draft_is_not_for_queries(shop: Shop) -> None:
    added = await shop.add()

    answer = await shop.shown(added.json()["id"], after=added)

    assert answer.status_code == 404


async def test_what_is_published_is_shown_and_what_is_withdrawn_is_not(shop: Shop) -> None:
    published = await shop.publish()
    product_id = published.json()["id"]
    there = await shop.shown(product_id, after=published)

    withdrawn = await shop.client.post(f"/products/{product_id}/withdraw")
    gone = await shop.shown(product_id, after=withdrawn)

    assert (there.status_code, gone.status_code) == (200, 404)
    assert there.json()["name"] == "Assam"


async def test_a_lower_price_is_shown_as_a_reduction(shop: Shop) -> None:
    published = await shop.publish(price=1000)
    product_id = published.json()["id"]

    lowered = await shop.client.put(f"/products/{product_id}/price", json={"price": 750})
    shown = (await shop.shown(product_id, after=lowered)).json()

    assert (shown["price"], shown["was"], shown["reduced_by"]) == (750, 1000, 25)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "malty"}, ["Assam"]),
        ({"q": "SMOKY oolong"}, []),
        ({"q": "smoky SOUCHONG"}, ["Lapsang Souchong"]),
        ({"q": "100%"}, ["Straße"]),
        ({"q": "STRASSE"}, ["Straße"]),
        ({"q": "_"}, []),
        ({"price_from": 300, "price_to": 450}, ["Assam"]),
        ({"price_from": 451}, ["Lapsang Souchong"]),
        ({}, ["Assam", "Lapsang Souchong", "Straße"]),
    ],
)
async def test_a_search_finds_what_fits(
    shop: Shop, query: dict[str, Any], found: list[str]
) -> None:
    await shop.publish(name="Assam", description="Malty", price=450)
    await shop.publish(name="Straße", description="100% cacao", price=200)
    last = await shop.publish(name="Lapsang Souchong", description="Smoky", price=900)
    await shop.caught_up()

    assert await shop.names(after=last, sort="name", **query) == found


async def test_categories_are_counted_whichever_is_chosen(shop: Shop) -> None:
    word = shop.category
    for category in ("tea", "tea", "cocoa"):
        await shop.publish(description=word, category=category)
    await shop.caught_up()

    answer = await shop.client.get("/catalogue", params={"q": word, "category": "cocoa"})

    assert len(answer.json()["items"]) == 1
    assert answer.json()["categories"] == [
        {"value": "tea", "count": 2},
        {"value": "cocoa", "count": 1},
    ]


@pytest.mark.parametrize("sort", ["price", "-price", "name", "-published_at", "-reduced_by"])
async def test_pages_hold_every_product_once_and_in_order(shop: Shop, sort: str) -> None:
    for price in (300, 100, 200, 100, 300, 200, 100):
        await shop.publish(name=f"Tea {price}", price=price)
    await shop.caught_up()

    found: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await shop.search(sort=sort, limit=3, **cursor)
        found += page["items"]
        assert (page["categories"] is None) is bool(cursor)
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}

    keys = [item[sort.removeprefix("-")] for item in found]
    assert len({item["id"] for item in found}) == len(found) == 7
    assert keys == sorted(keys, reverse=sort.startswith("-"))


@pytest.mark.parametrize("cursor", ["?", "AAAA", "WyJ0b3RhbCIsMSwyXQ", "W10"])
async def test_a_made_up_cursor_is_refused(shop: Shop, cursor: str) -> None:
    answer = await shop.client.get("/catalogue", params={"cursor": cursor})

    assert answer.status_code == 422
    assert answer.json()["title"] == "Invalid cursor"
