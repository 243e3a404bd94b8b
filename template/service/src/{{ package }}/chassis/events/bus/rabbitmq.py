# Sealed: an update replaces this file.
"""RabbitMQ: an exchange for a topic, a quorum queue for each partition of each group."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import aio_pika
from aio_pika.abc import AbstractConnection
from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange

from ...database import Database
from .clients import CHECK_SECONDS, CONFIRM_SECONDS, answered, ended, one_by_one, quieten, sessions
from .lanes import Lane, Subscription
from .leases import Leases, Shared
from .port import BusSettings, Handle, Message, partition
from .rabbitmq_queue import Queue, partitions_of
from .topics import Topics

_HEARTBEAT_SECONDS = 10
_QUEUE: dict[str, Any] = {
    "x-queue-type": "quorum",
    "x-single-active-consumer": True,
    "x-delivery-limit": 1_000_000,  # from RabbitMQ 4 on it is 20, and then the message is dropped
}

quieten("aio_pika", "aiormq")


class RabbitBus:
    def __init__(self, settings: BusSettings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._url = settings.bus_url.get_secret_value()
        self._broker = RabbitBroker(
            self._url, logger=None, apply_types=False, timeout=5.0, reconnect_interval=1.0
        )
        self._connecting = asyncio.Lock()
        self._topics = Topics(settings.events_partitions)
        self._subscriptions: list[Subscription] = []

    def subscribe(self, topic: str, group: str, handle: Handle) -> None:
        self._subscriptions.append(Subscription(topic=topic, group=group, handle=handle))

    async def publish(self, messages: Sequence[Message]) -> None:
        async with answered("RabbitMQ did not confirm the events", within=CONFIRM_SECONDS):
            try:
                await self._connect()
                await self._agree({message.topic for message in messages})
                await one_by_one(messages, self._send)
            except BaseException:
                self._topics.forget()
                raise

    async def _agree(self, topics: Iterable[str]) -> None:
        if not (unknown := self._topics.unknown(topics)):
            return
        async with await self._plainly_connected() as connection:
            for topic in unknown:
                await self._broker.declare_exchange(_exchange(topic))
                self._topics.agree(
                    topic, await partitions_of(connection, topic, wanted=self._slots)
                )

    async def _plainly_connected(self) -> AbstractConnection:
        """Without a way of its own to come back."""
        return await aio_pika.connect(self._url, timeout=5.0, heartbeat=_HEARTBEAT_SECONDS)

    async def _connect(self) -> Any:
        async with self._connecting:
            return await self._broker.connect()

    async def _send(self, message: Message) -> None:
        slot = partition(message.key, partitions=self._settings.events_partitions)
        await self._broker.publish(
            message.body,
            exchange=_exchange(message.topic),
            routing_key=str(slot),
            mandatory=False,
            persist=True,
            message_id=message.id,
            content_type="application/cloudevents+json",
            headers={"key": message.key},
        )

    async def check(self) -> None:
        async with answered("RabbitMQ does not answer", within=CHECK_SECONDS):
            connection = await self._connect()
            async with connection.channel():
                pass

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            if not self._subscriptions:
                yield
                return
            async with sessions(self._session, broker="rabbitmq"):
                yield
        finally:
            await ended(self._broker.stop())

    async def _session(self) -> None:
        broken = asyncio.Event()
        connection = await self._plainly_connected()
        connection.close_callbacks.add(lambda *_: broken.set())
        async with connection:
            for subscription in self._subscriptions:
                await self._declare(connection, subscription)
            works = [
                Shared(each.name, self._slots, partial(self._lane, connection, each, broken.set))
                for each in self._subscriptions
            ]
            async with Leases(self._database, works, failed=broken.set).held():
                await broken.wait()

    @property
    def _slots(self) -> int:
        return self._settings.events_partitions

    async def _declare(self, connection: AbstractConnection, subscription: Subscription) -> None:
        """All queues of the group: what comes before a partition has a consumer waits there."""
        topic, group = subscription.topic, subscription.group
        self._topics.agree(topic, await partitions_of(connection, topic, wanted=self._slots))
        async with connection.channel() as channel:
            await channel.declare_exchange(topic, "topic", durable=True)
            for slot in range(self._slots):
                name = _queue(topic, group, slot)
                queue = await channel.declare_queue(name, durable=True, arguments=_QUEUE)
                await queue.bind(topic, routing_key=str(slot))

    async def _lane(
        self,
        connection: AbstractConnection,
        subscription: Subscription,
        failed: Callable[[], None],
        slot: int,
    ) -> Lane:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=max(1, self._settings.events_prefetch // self._slots))
        source = Queue(channel, subscription.topic, failed)
        await source.consume(_queue(subscription.topic, subscription.group, slot))
        return Lane(source, subscription.handle, failed=failed)


def _queue(topic: str, group: str, slot: int) -> str:
    return f"{topic}.{group}.{slot}"


def _exchange(topic: str) -> RabbitExchange:
    return RabbitExchange(topic, type=ExchangeType.TOPIC, durable=True)
