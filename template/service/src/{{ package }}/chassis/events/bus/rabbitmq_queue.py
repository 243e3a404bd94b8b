# Sealed: an update replaces this file.
"""What RabbitMQ keeps of a topic: how many partitions it has, and the queue of each."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import ChannelPreconditionFailed

from .lanes import Delivery
from .port import Message


class Queue:
    """On a channel of its own: closing it gives back, in order, what was not acknowledged."""

    def __init__(self, channel: AbstractChannel, topic: str, failed: Callable[[], None]) -> None:
        self._channel = channel
        self._topic = topic
        self._failed = failed
        self._received: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()

    async def consume(self, name: str) -> None:
        queue = await self._channel.get_queue(name, ensure=False)
        await queue.consume(self._put)
        below = await self._channel.get_underlay_channel()
        below.on_consumer_cancel_callbacks.add(self._ended)  # the queue was deleted
        self._channel.close_callbacks.add(self._ended)

    def _ended(self, *_: object) -> None:
        self._failed()

    async def _put(self, received: AbstractIncomingMessage) -> None:
        self._received.put_nowait(received)

    async def take(self) -> Delivery:
        received = await self._received.get()
        count = received.headers.get("x-delivery-count")
        message = Message(
            topic=self._topic,
            key=str(received.headers.get("key", "")),
            id=received.message_id or "",
            body=received.body,
            attempt=1 + (count if isinstance(count, int) else 0),
        )
        return Delivery(message, received.ack)

    async def close(self) -> None:
        self._channel.close_callbacks.remove(self._ended)
        await self._channel.close()


async def partitions_of(connection: AbstractConnection, topic: str, *, wanted: int) -> int:
    """Kept as the length of a queue that stays empty: only of queues does RabbitMQ compare it."""
    channel = await connection.channel()
    arguments: dict[str, Any] = {"x-queue-type": "quorum", "x-max-length": wanted}
    try:
        await channel.declare_queue(f"{topic}.partitions", durable=True, arguments=arguments)
        await channel.close()
    except ChannelPreconditionFailed as error:
        found = re.search(r"x-max-length.* current is \D*(\d+)", str(error))
        if found is None:
            raise
        return int(found[1])
    return wanted
