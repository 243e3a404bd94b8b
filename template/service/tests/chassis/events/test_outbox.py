# Sealed: an update replaces this file.
"""What is told: if, and only if, it is committed; in order, and again until the bus has it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text

from ...conftest import Settings, database, events, migrate
from .sample import SampleMade, done, until

pytestmark = pytest.mark.anyio


class Recorder:
    """A bus that keeps what it is given, and is away now and then."""

    def __init__(self) -> None:
        self.taken: list[events.Message] = []
        self.away = False

    async def publish(self, messages: Sequence[events.Message]) -> None:
        await asyncio.sleep(0.005)
        if self.away:
            raise events.BusUnavailableError("the broker does not answer")
        self.taken += messages


@pytest.fixture
def unit(app: FastAPI) -> events.UnitOfWork:
    return events.UnitOfWork(app.state.database)


async def waiting(where: database.Database) -> int:
    return len(await where.rows(text("SELECT id FROM chassis_outbox")))


@pytest.fixture
def own(settings: Settings, new_database: Callable[[], str]) -> Settings:
    own = settings.model_copy(update={"database_url": SecretStr(new_database())})
    migrate.upgrade(own)
    return own


@pytest.fixture
async def quiet(own: Settings) -> AsyncIterator[database.Database]:
    """A database without a service, whose relay would take the events."""
    opened = database.Database(own)
    async with opened.opened():
        yield opened


async def test_what_is_committed_is_told_at_once(app: FastAPI, unit: events.UnitOfWork) -> None:
    made = SampleMade(sample_id=uuid4())

    async with unit:
        unit.emit(made)

    async def told() -> bool:
        return await done(app) == [str(made.sample_id)]

    await until(told)
    assert await waiting(app.state.database) == 0


async def test_what_is_rolled_back_is_not_told(app: FastAPI, unit: events.UnitOfWork) -> None:
    with suppress(LookupError):
        async with unit:
            unit.emit(SampleMade(sample_id=uuid4()))
            raise LookupError
    async with unit:
        unit.emit(last := SampleMade(sample_id=uuid4()))

    async def told() -> bool:
        return bool(await done(app))

    await until(told)
    assert await done(app) == [str(last.sample_id)]


async def test_it_gets_its_number_last_when_all_that_changes_is_locked(
    quiet: database.Database,
) -> None:
    unit = events.UnitOfWork(quiet)

    async with unit:
        unit.emit(SampleMade(sample_id=uuid4()))
        await unit.session.flush()
        before = await unit.session.scalar(text("SELECT count(*) FROM chassis_outbox"))

    assert before == 0
    assert await waiting(quiet) == 1


async def test_what_no_broker_takes_is_refused_before_it_is_committed(
    app: FastAPI, unit: events.UnitOfWork
) -> None:
    class Long(events.Event, topic="samples", key="words"):
        words: str

    async def tell(words: str) -> None:
        async with unit:
            unit.emit(Long(words=words))

    for words in ("", "x" * 201, "x" * 300_000):
        with pytest.raises(ValueError, match="too large"):
            await tell(words)
    assert await waiting(app.state.database) == 0


async def test_events_wait_while_the_broker_is_away(
    quiet: database.Database, anonymous: httpx2.AsyncClient
) -> None:
    bus, unit = Recorder(), events.UnitOfWork(quiet)
    bus.away = True

    async with events.Relay(quiet, bus, seconds=0.05).running():
        async with unit:
            ids = [unit.emit(SampleMade(sample_id=uuid4())) for _ in range(3)]

        async def shown() -> bool:
            return "outbox_waiting 3.0" in (await anonymous.get("/metrics")).text

        await until(shown)
        bus.away = False
        await until(partial(gone, quiet))

    assert [message.id for message in bus.taken] == list(map(str, ids))


async def test_relays_side_by_side_send_each_event_once_and_in_order(
    quiet: database.Database,
) -> None:
    bus, keys = Recorder(), [uuid4() for _ in range(20)]

    async def tell(key: UUID) -> None:
        unit = events.UnitOfWork(quiet)
        for number in range(10):
            async with unit:
                unit.emit(SampleMade(sample_id=key, number=number))

    async with AsyncExitStack() as stack:
        for _ in range(3):
            relay = events.Relay(quiet, bus, seconds=0.05)
            await stack.enter_async_context(relay.running())
        await asyncio.gather(*map(tell, keys))
        await until(partial(gone, quiet))

    assert max(Counter(message.id for message in bus.taken).values()) == 1
    for key in keys:
        bodies = [message.body for message in bus.taken if message.key == str(key)]
        numbers = [events.envelope.decode(body).data["number"] for body in bodies]
        assert numbers == list(range(10))


async def gone(where: database.Database) -> bool:
    return await waiting(where) == 0
