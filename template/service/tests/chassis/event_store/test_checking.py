# Sealed: an update replaces this file.
"""What was changed behind the back of the store is found."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from ...conftest import UnitOfWork, event_store
from .emptying import emptiable
from .sample import Counter, count

pytestmark = pytest.mark.anyio


async def tamper(app: FastAPI, statement: str) -> None:
    async with UnitOfWork(app.state.database) as unit, emptiable(unit.session):
        await unit.session.execute(text(statement))


async def verified(app: FastAPI) -> Any:
    return await event_store.checking.verify(app.state.database.rows)


async def replayed(app: FastAPI) -> list[str]:
    replay = event_store.checking.replay(
        app.state.database.rows, lambda stream: Counter(name=stream.removeprefix("counter-"))
    )
    return [problem async for _, problems in replay for problem in problems]


async def test_an_untouched_past_has_no_problems(app: FastAPI) -> None:
    await count(app, "a", *range(12))
    await count(app, "b", 1)

    found = await verified(app)

    assert (found.events, found.streams, found.problems) == (13, 2, [])
    assert await replayed(app) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("data", """'{"by": 5, "unit": "one", "note": null}'"""),
        ("actor", "'nobody'"),
        ("at", "'2020-01-01 00:00:00+00:00'"),
        ("type", "'SampleCountedTwice'"),
    ],
)
async def test_a_changed_event_is_found(app: FastAPI, column: str, value: str) -> None:
    await count(app, "a", 1, 2, 3)

    await tamper(app, f"UPDATE event_store_events SET {column} = {value} WHERE version = 2")

    assert (await verified(app)).problems == [
        "counter-a version 2: it, or the past before it, was changed"
    ]


async def test_a_missing_event_is_found(app: FastAPI) -> None:
    await count(app, "a", 1, 2, 3)

    await tamper(app, "DELETE FROM event_store_events WHERE version = 2")

    assert (await verified(app)).problems == ["counter-a version 3: version 2 is missing before it"]


async def test_a_snapshot_that_is_wrong_is_found(app: FastAPI) -> None:
    await count(app, "a", *range(6))

    await tamper(app, "UPDATE event_store_snapshots SET state = '{}'")

    assert await replayed(app) == ["counter-a version 5: the snapshot is another"]
