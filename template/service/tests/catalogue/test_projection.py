"""The projection: events that come late, twice, or while the read database is away."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from ..conftest import UnitOfWork
from .conftest import Message, emit, events, schema
from .shop import Shop, until
from .test_tokens import stalled

pytestmark = pytest.mark.anyio


async def told(shop: Shop, facts: dict[str, Any], **changes: Any) -> None:
    """The event is sent once more, under another id, and has been handled."""
    before = await handled(shop)
    async with UnitOfWork(shop.app.state.database) as unit:
        emit(unit, events.ProductChanged(**{**facts, **changes}))

    async def is_handled() -> bool:
        return await handled(shop) > before

    await until(is_handled)


async def handled(shop: Shop) -> float:
    labels = 'outcome="handled",type="catalogue.ProductChanged.v1"'
    text = (await shop.client.get("/metrics")).text
    found = re.search(r"^events_handled_total\{" + labels + r"\} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


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


async def test_what_no_event_has_brought_is_fetched(open_shop: Callable[..., Any]) -> None:
    shop = await open_shop(read_mend_seconds=0.2)
    published = await shop.publish()
    await shop.shown(published.json()["id"], after=published)
    async with UnitOfWork(shop.model._read) as unit:
        await unit.session.execute(schema.COLOURS["blue"].delete())

    await shop.caught_up()

    assert (await shop.shown(published.json()["id"])).status_code == 200


async def test_an_event_that_nobody_can_read_holds_nobody_up(shop: Shop) -> None:
    published = await shop.publish()
    product_id = published.json()["id"]
    bus = shop.app.state.events.bus
    for body in (b"noise", b'{"id": "7", "source": "/x", "type": "catalogue.ProductAdded.v1"}'):
        await bus.publish([Message(topic="catalogue", key=product_id, id="7", body=body)])

    changed = await shop.client.put(f"/products/{product_id}/price", json={"price": 1})
    shown = await shop.shown(product_id, after=changed)

    assert shown.json()["price"] == 1


async def test_commands_go_on_while_the_read_database_hangs(open_shop: Callable[..., Any]) -> None:
    shop = await open_shop()
    async with stalled(shop):
        await shop.publish()
        await asyncio.sleep(0.2)
        began = time.monotonic()

        published = [await shop.publish() for _ in range(10)]
        took = time.monotonic() - began
    await shop.caught_up()

    assert len(published) == 10
    assert took < 2
