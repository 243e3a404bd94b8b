"""The projection: events that come late, twice, or while the read database is away."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from ..conftest import UnitOfWork
from .conftest import emit, events, tables
from .shop import Shop, until

pytestmark = pytest.mark.anyio


async def told(shop: Shop, facts: dict[str, Any], **changes: Any) -> None:
    """The event is sent once more, under another id, and has been handled."""
    async with UnitOfWork(shop.app.state.database) as unit:
        event_id = emit(unit, events.ProductChanged(**{**facts, **changes}))
    found = select(tables.InboxRow.event_id).where(tables.InboxRow.event_id == str(event_id))

    async def handled() -> bool:
        return bool(await shop.app.state.database.rows(found))

    await until(handled)


async def test_an_event_that_comes_late_changes_nothing(shop: Shop) -> None:
    published = await shop.publish(name="New")
    facts = published.json()
    await shop.shown(facts["id"], after=published)

    await told(shop, facts, name="Old", version=1)
    shown = await shop.shown(facts["id"])

    assert shown.json()["name"] == "New"
    assert shown.json()["version"] == 2


async def test_an_event_that_comes_twice_changes_nothing(shop: Shop) -> None:
    published = await shop.publish(name="New")
    facts = published.json()
    await shop.shown(facts["id"], after=published)

    await told(shop, facts, name="Not what was told first")
    shown = await shop.shown(facts["id"])

    assert shown.json()["name"] == "New"


async def test_whoever_missed_an_event_needs_only_the_next(shop: Shop) -> None:
    published = await shop.publish(name="New")
    facts = published.json()

    await told(shop, facts, name="Newer", version=9)
    shown = await shop.shown(facts["id"])

    assert (shown.json()["name"], shown.json()["version"]) == ("Newer", 9)


async def test_what_is_shown_in_the_end_is_what_was_written(shop: Shop) -> None:
    published = [await shop.publish(name=f"Tea {number}") for number in range(10)]
    paths = [f"/products/{each.json()['id']}" for each in published]

    answers = await asyncio.gather(
        *(
            shop.client.put(f"{path}/price", json={"price": 100 + number})
            for number in range(10)
            for path in paths
        )
    )
    await shop.caught_up()

    assert {answer.status_code for answer in answers} == {200}
    for path in paths:
        written = (await shop.client.get(path)).json()
        shown = (await shop.shown(written["id"])).json()
        assert {name: written[name] for name in shown if name in written} == {
            name: shown[name] for name in shown if name in written
        }
