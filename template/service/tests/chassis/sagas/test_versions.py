# Sealed: an update replaces this file.
"""Sagas finish by the list of steps that they began with."""

import asyncio

import pytest

from ...conftest import Settings
from .sample import Room, driving, happened, sagas

pytestmark = pytest.mark.anyio


async def test_a_saga_in_flight_keeps_its_steps_when_a_new_version_comes(basis: Settings) -> None:
    room = Room()
    old = room.saga("first", "ask", "last", version=11)
    new = room.saga("other", "first", "last", version=12)
    async with driving(basis, room, old) as before:
        saga_id = await before.start(old, ask=True)
        await before.until(saga_id, "waiting_for_approval")

    async with driving(basis, room, new, old) as after:
        younger = await after.start(new)
        await after.until(saga_id, "waiting_for_approval")
        await after.wish(sagas.approve, saga_id)
        found, another = await after.until(saga_id), await after.until(younger)

    assert happened(found) == ["do first done", "approval ask done", "do last done"]
    assert happened(another) == ["do other done", "do first done", "do last done"]
    assert room.done[str(saga_id)] == ["first", "last"]


async def test_a_saga_whose_version_is_gone_says_so_until_it_is_back(basis: Settings) -> None:
    room, held = Room(), asyncio.Event()
    old = room.saga("first", "last", version=21)
    new = room.saga("other", version=22)
    async with driving(basis, room, old) as before:
        saga_id = await before.start(old, {"first": [held]})
        await before.held(saga_id, "first")

    async with driving(basis, room, new) as after:
        lost = await after.until(saga_id, "stuck", seconds=15)
    async with driving(basis, room, new, old) as again:
        found = await again.until(saga_id)

    assert lost["reason"] == "no instance knows version 21 of `sample`"
    assert (found["state"], found["reason"]) == ("confirmed", None)


async def test_the_newest_engine_of_a_process_drives(basis: Settings) -> None:
    """DBOS is one for a process; tests have several applications in one."""
    room = Room()
    saga = room.saga("first")
    async with driving(basis, room, saga) as one, driving(basis, room, saga) as other:
        saga_id = await one.start(saga)

        assert (await other.until(saga_id))["state"] == "confirmed"
        assert sagas.current() is other.engine
    assert sagas.current() is None
