# Sealed: an update replaces this file.
"""What only the embedded bus promises: a past that groups can read, kept for as long as said."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from ....conftest import bus
from .brokers import File
from .member import Line
from .support import Stage, in_order, told, until

pytestmark = pytest.mark.anyio

_NINE_DAYS = 9 * 86_400


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    broker = File(tmp_path / "bus.db")
    yield Stage(broker, None, "", tmp_path)
    await broker.close()


def _run(stage: Stage, statement: str) -> None:
    with closing(sqlite3.connect(stage.broker.url.removeprefix("sqlite:///"))) as connection:
        connection.execute(statement)
        connection.commit()


def _age(stage: Stage) -> None:
    _run(stage, f"UPDATE log SET at = at - {_NINE_DAYS}")


async def _published(stage: Stage, *, keys: int, each: int) -> list[str]:
    publisher = stage.connect()
    async with publisher.running():
        await publisher.publish(published := stage.messages(keys=keys, each=each))
    return [message.id for message in published]


async def _known(stage: Stage) -> None:
    """The group is, once a member of it has lived."""
    async with stage.member() as member:
        await stage.warm(member, lambda: stage.seen)
    stage.seen.clear()


async def _purged(stage: Stage) -> None:
    """As every process does when it starts, and now and then."""
    path = stage.broker.url.removeprefix("sqlite:///")
    async with stage.connect().running():
        with closing(sqlite3.connect(path)) as connection:
            query = "SELECT count(*) FROM log"
            before = connection.execute(query).fetchone()
            await until(lambda: connection.execute(query).fetchone() != before)


async def test_a_new_group_reads_from_the_beginning(stage: Stage) -> None:
    published = await _published(stage, keys=5, each=5)

    async with stage.member():
        await until(lambda: len(told(stage.seen)) == len(published))

    assert in_order(stage.seen)


async def test_what_is_old_is_dropped_after_every_group_has_read_it(stage: Stage) -> None:
    published = await _published(stage, keys=5, each=2)
    async with stage.member():
        await until(lambda: len(told(stage.seen)) == len(published))
    _age(stage)

    await _purged(stage)

    newer = await _published(stage, keys=2, each=1)
    late: list[Line] = []
    async with stage.member(group="late", seen=late):
        await until(lambda: len(told(late)) >= len(newer))
    assert sorted(told(late)) == sorted(newer)


async def test_what_a_living_group_has_not_read_is_kept_however_old(stage: Stage) -> None:
    await _known(stage)
    published = await _published(stage, keys=5, each=2)
    _age(stage)
    _run(stage, "INSERT INTO log SELECT NULL, 'nobody', 0, 'k', 'k/0', '', 0 FROM changes")

    await _purged(stage)

    async with stage.member():
        await until(lambda: len(told(stage.seen)) == len(published))


async def test_a_group_that_was_not_seen_for_long_keeps_nothing(stage: Stage) -> None:
    await _known(stage)
    await _published(stage, keys=5, each=2)
    _age(stage)
    _run(stage, f"UPDATE cursors SET seen = seen - {_NINE_DAYS}")

    await _purged(stage)

    newer = await _published(stage, keys=1, each=1)
    async with stage.member():
        await until(lambda: told(stage.seen))
    assert told(stage.seen) == newer


async def test_every_delivery_is_counted_even_those_of_a_process_that_died(stage: Stage) -> None:
    await _published(stage, keys=1, each=1)
    async with stage.process(seconds=60) as victim:
        await until(lambda: told(victim.seen(), "begins"))
        await victim.kill()
    for table in ("cursors", "members"):  # its leases have ended
        _run(stage, f"UPDATE {table} SET until = 0")

    def fails(message: bus.Message) -> bool:
        return message.attempt < 4

    async with stage.member(fails=fails):
        await until(lambda: told(stage.seen))

    assert [line.attempt for line in stage.seen if line.what == "begins"] == [2, 3, 4]


async def test_a_topic_keeps_the_partitions_that_it_was_made_with(stage: Stage) -> None:
    other = stage.connect(events_partitions=3)
    async with stage.member(), other.running():
        await until(lambda: Path(stage.broker.url.removeprefix("sqlite:///")).exists())
        for message in (published := stage.messages(keys=10, each=10)):
            await other.publish([message])

        await until(lambda: len(told(stage.seen)) == len(published))
    assert in_order(stage.seen)


async def test_less_may_be_in_hand_than_there_are_partitions(stage: Stage) -> None:
    published = await _published(stage, keys=20, each=2)

    async with stage.member(seconds=0.005, given={"events_prefetch": 1}):
        await until(lambda: len(told(stage.seen)) == len(published))

    whats = [line.what for line in stage.seen]
    assert whats == ["begins", "ends"] * len(published)


async def test_the_event_loop_goes_on_while_another_process_is_writing(stage: Stage) -> None:
    async with stage.member() as publisher:
        await stage.warm(publisher, lambda: stage.seen)
        await stage.broker.leave()
        waiting = asyncio.create_task(publisher.publish(stage.messages(keys=1, each=1)))

        began = time.monotonic()
        for _ in range(20):
            await asyncio.sleep(0.01)
        took = time.monotonic() - began

        assert not waiting.done()
        assert took < 2
        await stage.broker.come_back()
        await waiting


async def test_a_bus_that_does_not_run_says_so(stage: Stage) -> None:
    with pytest.raises(bus.BusUnavailableError):
        await stage.connect().publish(stage.messages(keys=1, each=1))


async def test_a_file_that_cannot_be_made_is_told_as_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    stage = Stage(File(tmp_path / "file" / "bus.db"), None, "", tmp_path)
    publisher = stage.connect()

    async with publisher.running():
        with pytest.raises(bus.BusUnavailableError):
            await publisher.publish(stage.messages(keys=1, each=1))
        with pytest.raises(bus.BusUnavailableError):
            await publisher.check()
