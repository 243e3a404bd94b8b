# Sealed: an update replaces this file.
"""One partition of a stream of NATS, for one group."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote

from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig

from .lanes import Delivery, Subscription
from .port import Message

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

ID, KEY = "Nats-Msg-Id", "Event-Key"
_ACK_SECONDS = 10.0
# No divisor of the above: a server that has just no request waiting skips the second delivery.
_FETCH_SECONDS = 7.0


def stream_name(topic: str) -> str:
    return topic.replace(".", "_")


class PartitionConsumer:
    """At most one message is out at a time, to whichever instance asked first."""

    def __init__(self, client: "Client", subscription: Subscription, slot: int) -> None:
        self._stream = client.jetstream()
        self._topic = subscription.topic
        self._subject = f"{subscription.topic}.{slot}"
        self._durable = f"{subscription.group}-{slot}"
        self._message: Msg | None = None
        self._alive: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._pulling = await self._stream.pull_subscribe(
            self._subject,
            durable=self._durable,
            stream=stream_name(self._topic),
            config=ConsumerConfig(
                ack_policy=AckPolicy.EXPLICIT, ack_wait=_ACK_SECONDS, max_ack_pending=1
            ),
        )

    async def take(self) -> Delivery:
        self._message = received = await self._fetched()
        self._alive = asyncio.create_task(_kept(received))
        headers = received.headers or {}
        message = Message(
            topic=self._topic,
            key=unquote(headers.get(KEY, "")),
            id=headers.get(ID, ""),
            body=received.data,
            attempt=received.metadata.num_delivered or 1,
        )
        return Delivery(message, self._acknowledge)

    async def _fetched(self) -> "Msg":
        while True:
            with suppress(NatsTimeoutError):
                return (await self._pulling.fetch(1, timeout=_FETCH_SECONDS))[0]

    async def _acknowledge(self) -> None:
        if self._message is not None:
            await self._message.ack()
        self._done()

    def _done(self) -> None:
        self._message = None
        if self._alive is not None:
            self._alive.cancel()

    async def close(self) -> None:
        if self._message is None and self._pulling.pending_msgs:
            self._message = await self._fetched()
        if self._message is not None:
            await self._message.nak()
        self._done()
        await self._pulling.unsubscribe()


async def _kept(received: "Msg") -> None:
    """Tells the broker that the message is still in hand."""
    while True:
        await asyncio.sleep(_ACK_SECONDS / 3)
        with suppress(Exception):
            await received.in_progress()
