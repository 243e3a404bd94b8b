# Sealed: an update replaces this file.
"""How sagas go forward, and back."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from ...conftest import UnitOfWork
from .sample import AwayError, NoError, Process, happened, sagas, wait_for

pytestmark = pytest.mark.anyio
DONE = ["do first done", "do second done"]
UNDONE = ["undo second done", "undo first done"]


async def test_all_steps_are_done_in_their_order(process: Process) -> None:
    saga_id = await process.start(process.engine.sagas["sample", 1])

    found = await process.until(saga_id)

    assert found["state"] == "confirmed"
    assert happened(found) == [*DONE, "do last done"]
    assert process.room.done[str(saga_id)] == ["first", "second", "last"]


async def test_a_refusal_undoes_in_reverse_what_was_done(process: Process) -> None:
    saga = process.engine.sagas["sample", 1]
    saga_id = await process.start(saga, {"second": [NoError("not today")]})

    found = await process.until(saga_id)

    assert (found["state"], found["reason"]) == ("rejected", "second: not today")
    assert happened(found) == ["do first done", "do second refused", "undo first done"]


@pytest.mark.parametrize("error", [AwayError("gone"), TimeoutError(), ValueError("hunter2")])
async def test_what_may_go_better_is_tried_again(process: Process, error: Exception) -> None:
    saga_id = await process.start(process.engine.sagas["sample", 1], {"second": [error, error]})

    found = await process.until(saga_id)

    assert found["state"] == "confirmed"
    assert [step["attempts"] for step in found["steps"]] == [1, 3, 1]
    assert "hunter2" not in str(found["steps"])


async def test_a_step_whose_time_is_over_is_undone_too(process: Process) -> None:
    saga_id = await process.start(process.engine.sagas["sample", 1], {"second": [asyncio.Event()]})

    found = await process.until(saga_id)

    assert (found["state"], found["reason"]) == ("rejected", "second: no answer in time")
    assert happened(found) == ["do first done", "do second expired", *UNDONE]


async def test_an_undo_is_never_left_out(process: Process) -> None:
    plan: dict[str, list[Any]] = {
        "second": [NoError("no")],
        "undo first": [NoError("no"), ValueError()] * 10,
    }
    saga_id = await process.start(process.engine.sagas["sample", 1], plan)

    await process.until(saga_id, "stuck")
    found = await process.until(saga_id)

    assert (found["state"], found["steps"][-1]["attempts"]) == ("rejected", 21)
    assert process.room.done[str(saga_id)] == ["first", "undo first"]


async def test_after_the_point_of_no_return_there_is_only_forward(process: Process) -> None:
    plan = {"last": [NoError("no"), AwayError("gone")] * 6}
    saga_id = await process.start(process.engine.sagas["sample", 1], plan)

    found = await process.until(saga_id)

    assert (found["state"], found["steps"][-1]["attempts"]) == ("confirmed", 13)


async def test_whoever_waits_for_approval_waits_no_longer_than_the_whole(process: Process) -> None:
    saga_id = await process.start(process.engine.sagas["sample", 2], ask=True)

    found = await process.until(saga_id)

    assert (found["state"], found["reason"]) == ("rejected", "ask: nobody approved in time")
    assert happened(found) == ["do first done", "approval ask expired", "undo first done"]


async def test_no_step_is_begun_after_the_time_of_the_whole(process: Process) -> None:
    slow = asyncio.Event()
    saga_id = await process.start(process.engine.sagas["sample", 2], {"first": [slow]})
    await process.until(saga_id, "running")

    found = await process.until(saga_id)

    assert happened(found) == ["do first expired", "undo first done"]


async def test_a_wish_is_heard_while_a_step_is_tried(process: Process) -> None:
    plan = {"second": [AwayError("gone")] * 1000}
    saga_id = await process.start(process.engine.sagas["sample", 1], plan)
    await wait_for(lambda: len(process.room.plans[str(saga_id)]["second"]) < 999)

    await process.wish(sagas.cancel, saga_id)
    found = await process.until(saga_id)

    assert (found["state"], found["reason"]) == ("cancelled", "cancelled by an operator")
    assert happened(found) == ["do first done", "do second cancelled", *UNDONE]


async def test_many_sagas_run_at_once(process: Process) -> None:
    saga = process.engine.sagas["sample", 1]

    started = [await process.start(saga) for _ in range(30)]
    found = [await process.until(saga_id, seconds=20) for saga_id in started]

    assert {each["state"] for each in found} == {"confirmed"}
    assert all(process.room.done[str(each)] == ["first", "second", "last"] for each in started)


async def test_what_is_rolled_back_starts_nothing(process: Process) -> None:
    saga, saga_id = process.engine.sagas["sample", 1], uuid4()

    async def fails() -> None:
        async with (unit := UnitOfWork(process.database)):
            sagas.start(unit, saga, saga_id=saga_id, data={})
            raise NoError

    with pytest.raises(NoError):
        await fails()
    await asyncio.sleep(0.3)

    with pytest.raises(sagas.SagaNotFoundError):
        await sagas.read(process.database, saga_id)
    assert str(saga_id) not in process.room.done
