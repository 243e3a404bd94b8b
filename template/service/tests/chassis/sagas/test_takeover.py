# Sealed: an update replaces this file.
"""Who goes on with the sagas of a process that stopped, died, or was taken for dead."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, select, update

from ...conftest import Settings, UnitOfWork
from .sample import Process, Room, driving, happened, sagas, wait_for

pytestmark = pytest.mark.anyio
MANY = 3


async def executors(process: Process) -> set[str]:
    rows = await process.database.rows(select(sagas.tables.SagaExecutorRow.executor))
    return {row["executor"] for row in rows}


async def test_the_next_process_goes_on_where_one_stopped(basis: Settings) -> None:
    room, held = Room(), asyncio.Event()
    saga = room.saga("first", "second", "last")
    async with driving(basis, room, saga) as one:
        saga_id = await one.start(saga, {"second": [held]})
        await one.held(saga_id, "second")

    async with driving(basis, room, saga) as other:
        found = await other.until(saga_id)

    assert found["state"] == "confirmed"
    assert happened(found) == ["do first done", "do second done", "do last done"]
    assert room.done[str(saga_id)] == ["first", "second", "last"]


async def test_what_was_accepted_and_not_started_is_started(
    basis: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room()
    saga = room.saga("first")
    async with driving(basis, room, saga) as process:
        with monkeypatch.context() as patch:
            patch.setattr(process.engine, "start", lambda *_: None)  # it dies just before
            saga_id = await process.start(saga)
        async with (unit := UnitOfWork(process.database)):
            this = update(sagas.SagaRow).where(sagas.SagaRow.id == saga_id)
            early = sagas.SagaRow.__table__.c.accepted_at
            at = await process.column(saga_id, "accepted_at")
            await unit.session.execute(this.values({early: at.replace(year=at.year - 1)}))

        found = await process.until(saga_id, seconds=20)

    assert found["steps"][0]["name"] == "first"


async def test_a_process_that_was_taken_for_dead_takes_its_sagas_back(basis: Settings) -> None:
    """It lived after all: nothing is done twice, and nothing is left lying."""
    room, held = Room(), asyncio.Event()
    saga = room.saga("first", "second", "last")
    async with driving(basis, room, saga) as process:
        started = [await process.start(saga, {"second": [held]}) for _ in range(MANY)]
        for saga_id in started:
            await process.held(saga_id, "second")

        async with (unit := UnitOfWork(process.database)):
            await unit.session.execute(delete(sagas.tables.SagaExecutorRow))
        found = [await process.until(saga_id) for saga_id in started]
        known = await executors(process)

    assert {each["state"] for each in found} == {"confirmed"}
    assert all(room.done[str(each)] == ["first", "second", "last"] for each in started)
    assert process.engine.executor in known


async def test_who_cannot_write_a_heartbeat_lets_go(
    basis: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others take it for dead by then, and go on with its sagas."""
    room, held = Room(), asyncio.Event()
    saga = room.saga("first", "last")
    keeper = sagas.keeper.Keeper
    beat = keeper._beat

    async def fails(_: object) -> None:
        raise OSError

    patient = basis.model_copy(update={"sagas_step_seconds": 60.0})
    async with driving(patient, room, saga) as process:
        saga_id = await process.start(saga, {"first": [held]})
        await process.held(saga_id, "first")
        monkeypatch.setattr(keeper, "_beat", fails)
        await wait_for(lambda: not process.engine._runs)
        monkeypatch.setattr(keeper, "_beat", beat)

        found = await process.until(saga_id)

    assert (found["state"], found["steps"][0]["attempts"]) == ("confirmed", 2)


async def test_the_rows_of_the_dead_go(basis: Settings) -> None:
    room = Room()
    async with driving(basis, room, room.saga("first")) as process:
        async with (unit := UnitOfWork(process.database)):
            row = sagas.tables.SagaExecutorRow(executor="dead", seen_at=1.0, knows=[])
            unit.session.add(row)

        async def gone() -> bool:
            return "dead" not in await executors(process)

        await wait_for(gone)


async def test_without_its_database_a_process_starts_and_stops_all_the_same(
    basis: Settings,
) -> None:
    away = basis.model_copy(update={"database_url": SecretStr("postgresql://nobody@127.0.0.1:1/x")})
    room = Room()

    async with asyncio.timeout(10), driving(away, room, room.saga("first")) as process:
        assert not process.engine._launched


async def test_what_has_ended_is_forgotten_by_dbos_and_kept_by_us(
    basis: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room()
    saga = room.saga("first")
    async with driving(basis, room, saga) as process:
        saga_id = await process.start(saga)
        await process.until(saga_id)
        durable = process.engine._durable
        monkeypatch.setattr(durable, "_KEPT", timedelta(seconds=-5))

        async def forgotten() -> bool:
            await process.engine.forget()
            return not await durable.DBOS.list_workflows_async(workflow_ids=[str(saga_id)])

        await wait_for(forgotten)

        assert happened(await sagas.read(process.database, saga_id)) == ["do first done"]
