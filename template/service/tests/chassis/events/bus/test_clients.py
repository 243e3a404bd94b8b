# Sealed: an update replaces this file.
"""What every broker's client is held to: the order of a key, and no end that looks like success."""

import asyncio
from importlib import import_module

import pytest

from ....conftest import PACKAGE, bus
from .support import messages

pytestmark = pytest.mark.anyio

clients = import_module(f"{PACKAGE}.chassis.events.bus.clients")


async def test_what_follows_a_refused_message_of_a_key_is_not_sent() -> None:
    sent: list[str] = []

    async def send(message: bus.Message) -> None:
        await asyncio.sleep(0)
        if message.id == "key-0/1":
            raise ConnectionError
        sent.append(message.id)

    with pytest.raises(bus.BusUnavailableError):
        async with clients.answered("it did not", within=5):
            await clients.one_by_one(messages("topic", keys=2, each=3), send)

    assert "key-0/0" in sent
    assert "key-0/2" not in sent


async def test_a_confirm_that_the_client_gave_up_is_none() -> None:
    async def send(_: bus.Message) -> None:
        raise asyncio.CancelledError

    with pytest.raises(bus.BusUnavailableError, match="it did not"):
        async with clients.answered("it did not", within=5):
            await clients.one_by_one(messages("topic", keys=2, each=1), send)


async def test_who_is_cancelled_ends() -> None:
    async def asks() -> None:
        async with clients.answered("it did not", within=5):
            await asyncio.sleep(5)

    task = asyncio.create_task(asks())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
