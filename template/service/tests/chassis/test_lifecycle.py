# Sealed: an update replaces this file.
"""What runs beside the service, and how it ends."""

import asyncio

import pytest

from ..conftest import lifecycle

pytestmark = pytest.mark.anyio


async def test_a_step_that_is_under_way_ends_before_the_service_does() -> None:
    began, may_end = asyncio.Event(), asyncio.Event()
    ended = []

    async def step() -> None:
        began.set()
        await may_end.wait()
        ended.append(True)

    async with lifecycle.repeated(step, seconds=3600):
        await began.wait()
        asyncio.get_running_loop().call_soon(may_end.set)

    assert ended == [True]


async def test_steps_are_taken_again_after_their_time_and_when_woken() -> None:
    woken, steps = asyncio.Event(), asyncio.Semaphore(0)

    async def step() -> None:
        steps.release()

    async with lifecycle.repeated(step, seconds=0.01):
        for _ in range(3):
            await steps.acquire()
    async with lifecycle.repeated(step, seconds=3600, woken=woken):
        await steps.acquire()
        woken.set()
        await steps.acquire()
