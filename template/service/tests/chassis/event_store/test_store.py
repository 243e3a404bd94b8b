# Sealed: an update replaces this file.
"""Streams: they only grow, one change at a time, and say how it was."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import delete, insert, text, update

from ...conftest import UnitOfWork, errors, event_store
from .sample import Counter, count, read

pytestmark = pytest.mark.anyio

UP_TO_NOW = datetime(2026, 1, 1, tzinfo=UTC)
SNAPSHOTS = event_store.tables.SnapshotRow


async def execute(app: FastAPI, statement: Any) -> None:
    async with UnitOfWork(app.state.database) as unit:
        await unit.session.execute(statement)


async def test_what_has_happened_makes_what_is(app: FastAPI) -> None:
    counter = await count(app, "a", 1, 2, 3)

    assert (await read(app)) == counter
    assert (counter.total, counter.version) == (6, 3)


async def test_a_stream_that_nobody_wrote_to_is_blank(app: FastAPI) -> None:
    counter = await read(app, "nothing")

    assert (counter.total, counter.version) == (0, 0)


async def test_of_two_who_change_the_same_version_one_is_told(app: FastAPI) -> None:
    await count(app, "a", 1)
    first, second = await read(app), await read(app)

    async def save(counter: Counter) -> None:
        counter.count(10)
        async with UnitOfWork(app.state.database) as unit:
            await app.state.event_store.save(unit, counter)

    await save(first)
    with pytest.raises(errors.ConflictError, match="somebody else changed it"):
        await save(second)
    assert (await read(app)).total == 11


async def test_a_transaction_that_fails_leaves_nothing(app: FastAPI) -> None:
    async def act() -> None:
        async with UnitOfWork(app.state.database) as unit:
            for name in ("a", "b"):
                counter = Counter(name=name)
                counter.count()
                await app.state.event_store.save(unit, counter)
            raise LookupError

    with pytest.raises(LookupError):
        await act()

    assert [(await read(app, name)).version for name in ("a", "b")] == [0, 0]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event_store_events SET actor = 'nobody'",
        "DELETE FROM event_store_events",
        "TRUNCATE event_store_events",
    ],
)
async def test_the_database_itself_refuses_to_change_the_past(app: FastAPI, statement: str) -> None:
    await count(app, "a", 1)
    if statement.startswith("TRUNCATE") and "sqlite" in str(app.state.database.writer.url):
        pytest.skip("SQLite has no such statement")

    with pytest.raises(errors.ConflictError):
        await execute(app, text(statement))

    assert (await read(app)).total == 1


async def test_without_snapshots_the_answers_are_the_same(app: FastAPI) -> None:
    await count(app, "a", *range(1, 14))
    versions = range(1, 14)
    kept = await app.state.database.rows(text("SELECT version FROM event_store_snapshots"))
    with_them = [await read(app, version=version) for version in versions]

    await execute(app, delete(SNAPSHOTS))
    without = [await read(app, version=version) for version in versions]

    assert [row["version"] for row in kept] == [5, 10]
    assert with_them == without
    assert [each.total for each in without] == [sum(range(1, each + 1)) for each in versions]


async def test_a_snapshot_saves_reading_what_is_before_it(app: FastAPI) -> None:
    await count(app, "a", 1, 1, 1, 1, 1, 1)

    await execute(app, update(SNAPSHOTS).values(state={"name": "a", "total": 100}))

    assert (await read(app)).total == 101


async def test_a_snapshot_of_another_shape_is_ignored(app: FastAPI) -> None:
    await count(app, "a", 1, 1, 1, 1, 1, 1)

    await execute(app, update(SNAPSHOTS).values(shape="older", state={"total": "six"}))

    assert (await read(app)).total == 6


async def test_as_of_a_time_is_as_of_the_last_version_until_then(app: FastAPI) -> None:
    versions = range(1, 13)
    await count(app, "a", *versions)

    for version in versions:
        then = await read(app, version=version)
        assert (await read(app, at=then.tip.at)) == then
        just_before = await read(app, at=then.tip.at - timedelta(microseconds=1))
        assert just_before.version == version - 1


async def test_in_a_stream_time_never_goes_back(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await count(app, "a", 1)
    monkeypatch.setattr(event_store.store, "now", lambda: first.tip.at - timedelta(hours=1))

    second = await count(app, "a", 1)

    assert second.tip.at == first.tip.at


async def test_events_of_older_versions_are_read_as_they_would_be_written_today(
    app: FastAPI,
) -> None:
    await count(app, "a", 1)
    told = {"stream": "counter-a", "type": "SampleCounted", "digest": b"", "at": UP_TO_NOW}
    told |= {"actor": "", "request_id": "", "trace_id": ""}
    old = [(2, 1, {"step": 10}), (3, 2, {"by": 100}), (4, 3, {"by": 1000})]
    for version, schema, data in old:
        row = {**told, "version": version, "schema": schema, "data": data}
        await execute(app, insert(event_store.tables.EventRow).values(**row))

    counter = await read(app)

    assert (counter.total, counter.units) == (1111, ["one", "dozen", "dozen", "one"])


@pytest.mark.parametrize(("name", "version"), [("SampleCounted", 4), ("Unheard", 1)])
def test_what_a_newer_service_wrote_is_not_guessed_at(name: str, version: int) -> None:
    with pytest.raises(event_store.UnreadableEventError, match=name):
        event_store.schema.decode(name, version, {"by": 1})
