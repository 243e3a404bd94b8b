# Sealed: an update replaces this file.
"""Who has other settings, and what was put there by somebody who is no service."""

import pytest

from ....conftest import bus
from . import foreign
from .support import Stage, in_order, told, until

pytestmark = pytest.mark.anyio

_KNOW_THE_TOPIC = ("embedded", "kafka")


async def test_a_publisher_that_counts_other_partitions_loses_nothing(
    stage: Stage, bus_url: str
) -> None:
    published = stage.messages(keys=20, each=2)
    other = stage.connect(events_partitions=3)
    async with stage.member() as member, other.running():
        await stage.warm(member, lambda: stage.seen)

        if bus_url.startswith(_KNOW_THE_TOPIC):
            await other.publish(published)
        else:
            with pytest.raises(bus.BusUnavailableError, match="4 partitions; set EVENTS_PARTITI"):
                await other.publish(published)
            await member.publish(published)

        await until(lambda: len(told(stage.seen)) >= len(published))
    assert in_order(stage.seen)


async def test_what_no_service_wrote_is_handled_as_well_and_all_goes_on(stage: Stage) -> None:
    published = stage.messages(keys=20, each=2)
    ids = {message.id for message in published}
    async with stage.member() as member:
        await stage.warm(member, lambda: stage.seen)

        await foreign.put(stage.broker.url, stage.topic)
        await member.publish(published)

        await until(lambda: ids < set(told(stage.seen)))
    assert told(stage.seen, "fails") == []
