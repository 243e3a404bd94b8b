# Sealed: an update replaces this file.
"""Who gets which message, and in which order."""

import pytest

from .member import Line
from .support import Stage, in_order, most_at_once, told, until

pytestmark = pytest.mark.anyio


def _key(line: Line) -> str:
    return line.key


async def test_a_message_reaches_every_group(stage: Stage) -> None:
    billing: list[Line] = []
    shipping: list[Line] = []
    async with (
        stage.member(group=f"{stage.group}-billing", seen=billing) as publisher,
        stage.member(group=f"{stage.group}-shipping", seen=shipping),
    ):
        await stage.warm(publisher, lambda: billing, lambda: shipping)

        await publisher.publish(published := stage.messages(keys=10, each=3))

        await until(lambda: len(told(billing)) >= 30 <= len(told(shipping)))
    ids = sorted(message.id for message in published)
    assert sorted(told(billing)) == sorted(told(shipping)) == ids


async def test_the_members_of_a_group_share_its_messages(stage: Stage) -> None:
    one: list[Line] = []
    other: list[Line] = []
    async with stage.member(seen=one) as publisher, stage.member(seen=other):
        await stage.warm(publisher, lambda: one, lambda: other)

        await publisher.publish(published := stage.messages(keys=100, each=2))

        await until(lambda: len(told([*one, *other])) >= len(published))
    assert sorted(told([*one, *other])) == sorted(message.id for message in published)
    assert told(one)
    assert told(other)


async def test_the_order_of_a_key_is_kept_with_two_members(stage: Stage) -> None:
    one: list[Line] = []
    other: list[Line] = []
    async with (
        stage.member(seen=one, seconds=0.001) as publisher,
        stage.member(seen=other, seconds=0.001),
    ):
        await stage.warm(publisher, lambda: one, lambda: other)

        for message in (published := stage.messages(keys=20, each=20)):
            await publisher.publish([message])

        await until(lambda: len(told([*one, *other])) >= len(published))
    assert in_order([*one, *other])
    assert most_at_once([*one, *other], by=_key) == 1


async def test_the_order_of_a_key_is_kept_when_members_come_and_go(stage: Stage) -> None:
    stayer: list[Line] = []
    guest: list[Line] = []
    published = stage.messages(keys=10, each=60)
    async with stage.member(seen=stayer, seconds=0.002) as publisher:
        await stage.warm(publisher, lambda: stayer)
        await publisher.publish(published[:200])

        async with stage.member(seen=guest, seconds=0.002):
            await publisher.publish(published[200:400])
            await stage.warm(publisher, lambda: guest)
        await publisher.publish(published[400:])

        ids = {message.id for message in published}
        await until(lambda: set(told([*stayer, *guest])) == ids)
    assert in_order([*stayer, *guest])
    assert most_at_once([*stayer, *guest], by=_key) == 1


async def test_two_thousand_messages_in_batches_are_all_consumed(stage: Stage) -> None:
    published = stage.messages(keys=50, each=40)
    async with stage.member() as publisher:
        await stage.warm(publisher, lambda: stage.seen)

        for at in range(0, len(published), 100):
            await publisher.publish(published[at : at + 100])

        await until(lambda: len(told(stage.seen)) >= len(published))
    assert set(told(stage.seen)) == {message.id for message in published}
    assert in_order(stage.seen)
