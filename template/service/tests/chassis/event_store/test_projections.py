# Sealed: an update replaces this file.
"""Projections: they follow, take each event once, and are made anew beside what is read."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlalchemy import select

from ...conftest import event_store
from .sample import SUMS, Sums, count

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def _is_whole(sums: Sums) -> AsyncIterator[None]:
    yield
    sums.broken, sums.factor, Sums.version = False, 1, 1


async def shown(app: FastAPI) -> tuple[int, int] | None:
    """The sum and the number of events, as readers see them."""
    query = select(SUMS).where(SUMS.c.generation == event_store.active("sums"))
    for row in await app.state.database.rows(query):
        return row["sum"], row["events"]
    return None


async def until(app: FastAPI, wanted: tuple[int, int]) -> None:
    deadline = time.monotonic() + 20
    while await shown(app) != wanted:
        assert time.monotonic() < deadline, (await shown(app), wanted)
        await asyncio.sleep(0.01)


def builder(app: FastAPI, projection: Sums) -> Any:
    return event_store.projections.Builder(app.state.database, projection, batch=4)


async def standings(app: FastAPI) -> list[Any]:
    found: list[Any] = await app.state.projector.standings("sums")
    return found


async def test_a_commit_wakes_it(app: FastAPI) -> None:
    await count(app, "a", *range(1, 11))

    await until(app, (55, 10))


async def test_what_it_writes_and_how_far_it_is_are_one(
    app: FastAPI, sums: Sums, capfd: pytest.CaptureFixture[str]
) -> None:
    await count(app, "a", 1, 2)
    await until(app, (3, 2))

    sums.broken = True
    await count(app, "a", 3)
    deadline = time.monotonic() + 20
    while "projection_failed" not in capfd.readouterr().out:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    meanwhile = await shown(app)
    sums.broken = False
    await count(app, "a", 4)

    await until(app, (10, 4))
    assert meanwhile == (3, 2)


async def test_two_processes_take_each_event_once(app: FastAPI, sums: Sums) -> None:
    await count(app, "a", *range(1, 31))

    builders = [builder(app, sums) for _ in range(4)]
    for _ in range(10):
        await asyncio.gather(*(each.advance() for each in builders))

    await until(app, (465, 30))


async def test_what_is_read_stays_until_the_new_one_is_whole(app: FastAPI) -> None:
    await count(app, "a", *range(1, 11))
    await until(app, (55, 10))
    other = Sums()
    other.factor = 2
    making = builder(app, other)

    await making.begin()
    seen = [await shown(app)]
    while await making.advance():
        seen.append(await shown(app))

    assert set(seen) == {(55, 10)}
    assert await shown(app) == (110, 10)
    assert [(each.generation, each.active) for each in await standings(app)] == [(2, True)]


async def test_one_that_was_begun_and_left_is_finished_by_whoever_comes(
    app: FastAPI, sums: Sums
) -> None:
    await count(app, "a", *range(1, 11))
    await until(app, (55, 10))
    await builder(app, sums).begin()

    app.state.projector.wake()
    deadline = time.monotonic() + 20
    while [each.generation for each in await standings(app) if each.active] != [2]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)

    assert await shown(app) == (55, 10)


async def test_a_rebuild_keeps_up_with_what_happens_meanwhile(app: FastAPI) -> None:
    await count(app, "a", *([1] * 20))

    rebuilding = asyncio.create_task(app.state.projector.rebuild("sums"))
    await count(app, "b", *([1] * 20))
    await rebuilding

    await until(app, (40, 40))


async def test_a_new_version_of_the_code_makes_it_anew_by_itself(app: FastAPI, sums: Sums) -> None:
    await count(app, "a", *range(1, 11))
    await until(app, (55, 10))

    Sums.version, sums.factor = 2, 3
    app.state.projector.wake()

    await until(app, (165, 10))


async def test_an_older_version_of_the_code_leaves_it_to_the_newer(
    app: FastAPI, sums: Sums
) -> None:
    Sums.version, sums.factor = 2, 3
    await count(app, "a", 1)
    await until(app, (3, 1))

    Sums.version, sums.factor = 1, 1
    await count(app, "a", 1)
    older = await builder(app, sums).advance()

    assert older is False
    assert await shown(app) == (3, 1)


async def test_how_far_behind_it_is_can_be_measured(
    app: FastAPI, client: AsyncClient, sums: Sums
) -> None:
    sums.broken = True
    await count(app, "a", 1, 2, 3)
    app.state.projector.wake()
    await asyncio.sleep(0.3)
    behind = (await client.get("/metrics")).text
    sums.broken = False
    app.state.projector.wake()
    await until(app, (6, 3))

    (waiting,) = [line for line in behind.splitlines() if 'lag_positions{projection="sums"' in line]
    assert float(waiting.split()[-1]) >= 1


async def test_an_unknown_projection_is_told_as_such(app: FastAPI) -> None:
    with pytest.raises(event_store.ProjectionNotFoundError, match="`sums`"):
        await app.state.projector.rebuild("sum")
