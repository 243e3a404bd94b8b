# Sealed: an update replaces this file.
"""What becomes of messages when a process ends, in order or not."""

import time

import pytest

from .support import Stage, in_order, told, until

pytestmark = pytest.mark.anyio


async def test_what_a_killed_process_had_goes_to_another(stage: Stage) -> None:
    async with stage.process(seconds=0.05) as victim, stage.member(seconds=0.01) as survivor:
        await stage.warm(survivor, victim.seen, lambda: stage.seen)
        await survivor.publish(published := stage.messages(keys=40, each=3))
        await until(lambda: told(victim.seen()))

        await victim.kill()

        ids = {message.id for message in published}
        await until(lambda: ids == {*told(victim.seen()), *told(stage.seen)})
        both = [*victim.seen(), *stage.seen]
    assert in_order(both)
    assert len(told(both)) - len(ids) <= 8  # what was handled, but not yet acknowledged


async def test_a_process_that_is_stopped_ends_what_it_has_in_hand(
    stage: Stage, bus_url: str
) -> None:
    async with stage.process(seconds=0.3) as leaver, stage.member() as stayer:
        await stage.warm(stayer, leaver.seen, lambda: stage.seen)
        await stayer.publish(published := stage.messages(keys=60, each=2))
        await until(lambda: told(leaver.seen(), "begins"))

        assert await leaver.stop() == 0

        stopped = time.monotonic()
        ids = {message.id for message in published}
        await until(lambda: ids == {*told(leaver.seen()), *told(stage.seen)})
        # Sooner than leases end; but a server that counts generations from 0 misses the farewell.
        assert time.monotonic() - stopped < (15 if bus_url.startswith("kafka") else 6)
        left = leaver.seen()
    assert sorted(told(left, "begins")) == sorted(told(left))
    assert sorted([*told(left), *told(stage.seen)]) == sorted(ids)
    assert in_order([*left, *stage.seen])
