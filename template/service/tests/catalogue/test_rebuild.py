"""Rebuilds: readers notice nothing, whatever happens to the one who builds."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from ..conftest import Base, UnitOfWork
from .conftest import rebuild, schema
from .shop import Shop

pytestmark = pytest.mark.anyio
_MANY = 30


@pytest.fixture
async def full(open_shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with many products, whose rebuild takes many steps."""
    monkeypatch.setattr(rebuild, "_BATCH", 4)
    shop: Shop = await open_shop()
    for number in range(_MANY):
        await shop.publish(name=f"Tea {number}")
    await shop.caught_up()
    return shop


async def state(shop: Shop) -> dict[str, Any]:
    (found,) = await shop.model._read.rows(select(schema.STATE))
    return dict(found)


async def rows(shop: Shop, colour: str) -> int:
    return len(await shop.model._read.rows(select(schema.COLOURS[colour].c.id)))


async def begun(shop: Shop) -> rebuild.Builder:
    """Somebody who builds has come half the way."""
    builder = rebuild.Builder(shop.app.state.database, shop.model._read, "somebody")
    colour = await builder.begin()
    await builder.clear(colour)
    await builder.step(building=colour)
    return builder


async def test_readers_see_a_whole_catalogue_all_the_time(full: Shop) -> None:
    over = asyncio.Event()
    seen: Counter[tuple[int, int]] = Counter()

    async def read() -> None:
        while not over.is_set():
            page = await full.search(limit=100)
            seen[len(page["items"]), page["categories"][0]["count"]] += 1

    readers = [asyncio.create_task(read()) for _ in range(3)]
    for _ in range(6):
        await full.model.rebuild()
    over.set()
    await asyncio.gather(*readers)

    assert set(seen) == {(_MANY, _MANY)}
    assert seen.total() > 10
    assert (await state(full))["serving"] == "blue", "an even number of times from the first blue"


async def test_what_changes_during_a_rebuild_is_not_lost(full: Shop) -> None:
    items = (await full.search(limit=100))["items"]
    over = asyncio.Event()

    async def change() -> None:
        price = 500
        while not over.is_set():
            for item in items:
                await full.client.put(f"/products/{item['id']}/price", json={"price": price})
            price += 1

    changing = asyncio.create_task(change())
    for _ in range(3):
        await full.model.rebuild()
    added = await full.publish(name="Added meanwhile")
    over.set()
    await changing
    await full.caught_up()

    shown = {item["id"]: item["price"] for item in (await full.search(limit=100))["items"]}
    assert added.json()["id"] in shown
    for item in items:
        written = (await full.client.get(f"/products/{item['id']}")).json()
        assert shown[item["id"]] == written["price"]


async def test_a_damaged_read_model_is_as_new_after_it(full: Shop) -> None:
    async with UnitOfWork(full.model._read) as unit:
        for table in schema.COLOURS.values():
            await unit.session.execute(table.delete())

    lost = await full.app.state.catalogue.watch.look()
    await full.model.rebuild()
    found = await full.app.state.catalogue.watch.look()

    assert (lost.behind, found.behind) == (_MANY, 0)
    assert len(await full.names(limit=100)) == _MANY


async def test_when_the_builder_dies_the_old_one_is_shown(
    full: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = await begun(full)

    changed = await full.publish(name="After the death")
    names = await full.names(after=changed, limit=100)
    with pytest.raises(rebuild.RebuildUnderWayError):
        await full.model.rebuild()
    monkeypatch.setattr(rebuild, "_SILENCE", timedelta(0))
    await full.model.rebuild()

    assert len(names) == _MANY + 1
    assert len(await full.names(limit=100)) == _MANY + 1
    assert (await state(full))["builder"] is None
    with pytest.raises(rebuild.RebuildUnderWayError):
        await dead.step(serving="green")


async def test_while_it_is_built_both_get_every_event(full: Shop) -> None:
    await begun(full)

    published = await full.publish(name="Both")
    await full.shown(published.json()["id"], after=published)

    assert await rows(full, "green") == 1
    assert await rows(full, "blue") == _MANY + 1


async def test_a_rebuild_that_fails_makes_way_for_the_next(full: Shop) -> None:
    last = (await full.search(sort="-published_at", limit=1))["items"][0]["id"]
    products = Base.metadata.tables["products"]
    spoilt = update(products).where(products.c.id == UUID(last))
    async with UnitOfWork(full.app.state.database) as unit:
        await unit.session.execute(spoilt.values(status="odd"))
    with pytest.raises(ValueError, match="status"):
        await full.model.rebuild()
    names = await full.names(limit=100)
    async with UnitOfWork(full.app.state.database) as unit:
        await unit.session.execute(spoilt.values(status="published"))

    await full.model.rebuild()

    assert len(names) == len(await full.names(limit=100)) == _MANY
    assert (await state(full))["serving"] == "green"


async def test_several_at_once_do_not_get_into_each_others_way(full: Shop) -> None:
    results = await asyncio.gather(
        *(full.model.rebuild() for _ in range(4)), return_exceptions=True
    )

    refused = [each for each in results if isinstance(each, BaseException)]
    assert {type(each) for each in refused} <= {rebuild.RebuildUnderWayError}
    assert len(refused) < 4
    assert len(await full.names(limit=100)) == _MANY


async def test_another_shape_is_made_anew_and_filled(
    full: Shop, open_shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "SHAPE", schema.SHAPE + 1)

    second = await open_shop(databases_of=full)

    assert len(await second.names(category=full.category, limit=100)) == _MANY
    assert (await state(second))["shape"] == schema.SHAPE
