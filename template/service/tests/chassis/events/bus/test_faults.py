# Sealed: an update replaces this file.
"""Handlers that fail or are slow, and brokers that are away."""

import asyncio

import pytest

from ....conftest import bus
from .support import (
    OUTAGE_SECONDS,
    PATIENCE_SECONDS,
    Stage,
    in_order,
    most_at_once,
    patiently,
    told,
    until,
)

pytestmark = pytest.mark.anyio


async def test_what_a_handler_raised_at_comes_again_and_its_key_waits(stage: Stage) -> None:
    published = stage.messages(keys=3, each=4)

    def fails(message: bus.Message) -> bool:
        return message.id == "key-1/2" and told(stage.seen, "fails").count(message.id) < 3

    async with stage.member(fails=fails) as publisher:
        await stage.warm(publisher, lambda: stage.seen)

        await publisher.publish(published)

        await until(lambda: len(told(stage.seen)) >= len(published))
    assert told(stage.seen, "fails") == ["key-1/2"] * 3
    of_the_key = [id_ for id_ in told(stage.seen) if id_.startswith("key-1/")]
    assert of_the_key == ["key-1/0", "key-1/1", "key-1/2", "key-1/3"]


async def test_a_slow_handler_has_no_more_in_hand_than_allowed(stage: Stage) -> None:
    given = {"events_prefetch": 8, "events_partitions": 8}
    async with stage.member(seconds=0.02, given=given) as publisher:
        await stage.warm(publisher, lambda: stage.seen)

        await publisher.publish(published := stage.messages(keys=40, each=4))

        await until(lambda: len(told(stage.seen)) >= len(published))
    assert 1 < most_at_once(stage.seen) <= 8


async def test_publishers_and_consumers_come_back_after_the_broker_does(stage: Stage) -> None:
    published = stage.messages(keys=5, each=8)
    async with stage.member() as publisher:
        await stage.warm(publisher, lambda: stage.seen)
        await publisher.publish(published[:10])

        await stage.broker.leave()
        relay = asyncio.create_task(_relay(publisher, published[10:]))
        await asyncio.sleep(OUTAGE_SECONDS)
        await stage.broker.come_back()

        async with asyncio.timeout(PATIENCE_SECONDS):
            await relay
        await until(lambda: set(told(stage.seen)) == {message.id for message in published})
    assert in_order(stage.seen)


async def _relay(publisher: bus.Bus, messages: list[bus.Message]) -> None:
    for message in messages:
        await patiently(publisher, [message])


async def test_a_service_that_starts_without_its_broker_finds_it_later(stage: Stage) -> None:
    await stage.broker.leave()
    async with stage.member() as publisher:
        warming = asyncio.create_task(stage.warm(publisher, lambda: stage.seen))
        await asyncio.sleep(OUTAGE_SECONDS / 10)

        await stage.broker.come_back()

        await warming
        await publisher.publish(published := stage.messages(keys=2, each=2))
        await until(lambda: len(told(stage.seen)) >= len(published))


async def test_a_check_tells_whether_the_broker_answers(stage: Stage, bus_url: str) -> None:
    async with stage.member() as member:
        await stage.warm(member, lambda: stage.seen)
        await member.check()

        if bus_url != "embedded":  # of which reading goes on
            await stage.broker.leave()
            with pytest.raises(bus.BusUnavailableError):
                await _checked_again_and_again(member)


async def _checked_again_and_again(member: bus.Bus) -> None:
    """A client may need a moment to see that the broker has gone."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            await member.check()
            await asyncio.sleep(0.1)
