# Sealed: an update replaces this file.
"""Who reads on from a position misses nothing, however transactions overlap."""

import asyncio
import random

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from ...conftest import UnitOfWork, event_store
from .sample import Counter

pytestmark = pytest.mark.anyio

WRITERS, EACH = 8, 12


async def test_a_reader_sees_every_event_once_and_in_order(app: FastAPI) -> None:
    seen: list[event_store.Recorded] = []
    writing = asyncio.Event()

    async def write(number: int) -> None:
        for _ in range(EACH):
            async with UnitOfWork(app.state.database) as unit:
                counter = await app.state.event_store.load(unit, Counter(name=f"w{number}"))
                counter.count()
                await app.state.event_store.save(unit, counter)
                await asyncio.sleep(random.random() / 200)  # between its position and its commit

    async def follow() -> None:
        rows = app.state.database.rows
        while True:
            over = writing.is_set()
            position = seen[-1].position if seen else 0
            found = await event_store.reading.following(rows, position=position, limit=1000)
            seen.extend(found)
            if over and not found:
                return
            await asyncio.sleep(0)

    following = asyncio.create_task(follow())
    await asyncio.gather(*(write(number) for number in range(WRITERS)))
    writing.set()
    await following

    query = text("SELECT count(*) AS events FROM event_store_events")
    (stored,) = await app.state.database.rows(query)
    assert len(seen) == stored["events"] == WRITERS * EACH
    for number in range(WRITERS):
        versions = [each.version for each in seen if each.stream == f"counter-w{number}"]
        assert versions == list(range(1, EACH + 1))
