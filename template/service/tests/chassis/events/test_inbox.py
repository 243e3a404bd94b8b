# Sealed: an update replaces this file.
"""What is received has its effect once, is tried again, and ends as a dead letter at worst."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from ...conftest import context, events
from .sample import SampleFailed, SampleMade, Trouble, done, until

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _no_trouble() -> None:
    Trouble.failed = 0


@pytest.fixture
def unit(app: FastAPI) -> events.UnitOfWork:
    return events.UnitOfWork(app.state.database)


async def tell(unit: events.UnitOfWork, *told: events.Event, event_id: UUID | None = None) -> None:
    async with unit:
        for event in told:
            unit.emit(event, event_id=event_id)


async def handled(app: FastAPI, *samples: UUID) -> None:
    async def condition() -> bool:
        return set(map(str, samples)) <= set(await done(app))

    await until(condition)


async def letters(app: FastAPI, count: int) -> list[dict[str, object]]:
    async def condition() -> bool:
        found = await events.dead_letters.list_(app.state.database)
        return [row["state"] for row in found] == ["dead"] * count

    await until(condition)
    return [dict(row) for row in await events.dead_letters.list_(app.state.database)]


async def test_a_double_is_dropped(app: FastAPI, unit: events.UnitOfWork) -> None:
    made, last, event_id = SampleMade(sample_id=uuid4()), SampleMade(sample_id=uuid4()), uuid4()

    for _ in range(3):
        await tell(unit, made, event_id=event_id)
    await tell(unit, last)

    await handled(app, made.sample_id, last.sample_id)
    assert (await done(app)).count(str(made.sample_id)) == 1


async def test_what_fails_for_a_while_is_done_once_in_the_end(
    app: FastAPI, unit: events.UnitOfWork
) -> None:
    sample = SampleFailed(sample_id=uuid4(), how="bug", times=2)

    await tell(unit, sample)

    await handled(app, sample.sample_id)
    assert await done(app) == [str(sample.sample_id)]


async def test_what_others_cannot_help_with_now_is_tried_without_end(
    app: FastAPI, unit: events.UnitOfWork
) -> None:
    sample = SampleFailed(sample_id=uuid4(), how="unavailable", times=10)

    await tell(unit, sample)

    await handled(app, sample.sample_id)
    assert Trouble.failed == 10, "more often than an event may fail"


@pytest.mark.parametrize(
    ("how", "reason", "attempts"),
    [
        ("rejected", "RejectedError: it cannot be done", 3),
        ("bug", "RuntimeError", 3),
        ("later", "it came too early, and still did after 1 s: its elder is missing", 0),
    ],
)
async def test_what_always_fails_is_a_dead_letter_with_its_reason_and_holds_up_nobody(
    app: FastAPI, unit: events.UnitOfWork, how: str, reason: str, attempts: int
) -> None:
    poison = SampleFailed(sample_id=uuid4(), how=how)
    behind = SampleMade(sample_id=poison.sample_id)

    await tell(unit, poison, behind)

    [letter] = await letters(app, 1)
    await handled(app, behind.sample_id)
    assert letter["type"] == "samples.SampleFailed.v1"
    assert letter["reason"] == reason
    assert letter["attempts"] == attempts
    assert await done(app) == [str(behind.sample_id)]


async def test_a_dead_letter_is_replayed(app: FastAPI, unit: events.UnitOfWork) -> None:
    poison = SampleFailed(sample_id=uuid4(), how="rejected", times=3)
    await tell(unit, poison)
    await letters(app, 1)

    wanted = await events.dead_letters.replay(app.state.database)

    assert wanted == 1
    await handled(app, poison.sample_id)
    await letters(app, 0)


async def test_a_replay_that_fails_leaves_the_letter(app: FastAPI, unit: events.UnitOfWork) -> None:
    await tell(unit, SampleFailed(sample_id=uuid4(), how="bug"))
    [before] = await letters(app, 1)

    await events.dead_letters.replay(app.state.database, [int(str(before["id"]))])

    async def tried() -> bool:
        [row] = await events.dead_letters.list_(app.state.database)
        return bool(row["attempts"] == 4 and row["state"] == "dead")

    await until(tried)


async def test_a_dead_letter_can_be_dropped(app: FastAPI, unit: events.UnitOfWork) -> None:
    await tell(unit, SampleFailed(sample_id=uuid4(), how="bug"))
    [letter] = await letters(app, 1)

    dropped = await events.dead_letters.drop(app.state.database, [int(str(letter["id"]))])

    assert dropped == 1
    assert await events.dead_letters.list_(app.state.database) == []


async def test_what_nobody_can_read_is_a_dead_letter_at_once(app: FastAPI) -> None:
    message = events.Message(topic="samples", key="k", id="garbage", body=b"not an event")

    await app.state.events.consumer.handle(message)

    [letter] = await letters(app, 1)
    assert letter["reason"] == "this is not a CloudEvent of ours"


async def test_each_that_nobody_can_read_is_kept_also_without_an_id(app: FastAPI) -> None:
    for body in (b"one", b"another", b"one"):
        await app.state.events.consumer.handle(
            events.Message(topic="samples", key="", id="", body=body)
        )

    assert len(await letters(app, 2)) == 2


def often_delivered(made: SampleMade) -> events.Message:
    body = events.envelope.encode(made, event_id="often", at=datetime.now(UTC))
    return events.Message(topic="samples", key="k", id="often", body=body, attempt=21)


async def test_what_kills_its_process_again_and_again_is_a_dead_letter(app: FastAPI) -> None:
    message = often_delivered(SampleMade(sample_id=uuid4()))
    consumer, identity = app.state.events.consumer, events.envelope.decode(message.body).identity
    for _ in range(5):  # as often as a process has died of it
        await events.dead_letters.begun(app.state.database, consumer.name, message, identity)

    await consumer.handle(message)

    [letter] = await letters(app, 1)
    assert letter["reason"] == "its handling began 5 times, and never came to an end"
    assert await done(app) == []


async def test_what_only_lay_behind_such_a_one_is_handled(app: FastAPI) -> None:
    made = SampleMade(sample_id=uuid4())

    await app.state.events.consumer.handle(often_delivered(made))

    assert await done(app) == [str(made.sample_id)]
    assert await app.state.database.rows(text("SELECT id FROM chassis_dead_letters")) == []


async def test_the_same_id_of_another_source_is_another_event(app: FastAPI) -> None:
    ours = often_delivered(SampleMade(sample_id=uuid4()))
    theirs = replace(ours, body=ours.body.replace(b'"source":"/', b'"source":"/not-'))

    for message in (ours, theirs, ours):
        await app.state.events.consumer.handle(message)

    assert len(await done(app)) == 2


async def test_what_nobody_wants_is_passed_over(app: FastAPI, unit: events.UnitOfWork) -> None:
    class SampleUnheard(events.Event, topic="samples", key="sample_id"):
        sample_id: UUID

    key = uuid4()

    await tell(unit, SampleUnheard(sample_id=key), made := SampleMade(sample_id=key))

    await handled(app, made.sample_id)
    assert await events.dead_letters.list_(app.state.database) == []


async def test_what_is_done_belongs_to_the_request_that_it_came_from(
    app: FastAPI, unit: events.UnitOfWork
) -> None:
    request = context.RequestContext("request-1", "4bf92f3577b34da6a3ce929d0e0e4736", "alice")
    token = context.current.set(request)
    await tell(unit, made := SampleMade(sample_id=uuid4()))
    context.current.reset(token)

    await handled(app, made.sample_id)

    query = text("SELECT actor, request_id FROM chassis_audit WHERE action = 'sample_noted'")
    [row] = await app.state.database.rows(query)
    assert (row["actor"], row["request_id"]) == ("alice", "request-1")


async def test_the_inbox_forgets_what_was_long_ago(app: FastAPI, unit: events.UnitOfWork) -> None:
    await tell(unit, made := SampleMade(sample_id=uuid4()))
    await handled(app, made.sample_id)

    await events.inbox.purge(unit, days=1)
    kept = await app.state.database.rows(text("SELECT event_id FROM chassis_inbox"))
    await events.inbox.purge(unit, days=-1)

    assert len(kept) == 1
    assert await app.state.database.rows(text("SELECT event_id FROM chassis_inbox")) == []
