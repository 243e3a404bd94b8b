# Sealed: an update replaces this file.
"""Kafka: a topic with its partitions, shared inside a group by Kafka's own protocol."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from zlib import crc32

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faststream.kafka import KafkaBroker

from ...database import Database
from .kafka_group import GroupConsumer
from .kafka_url import KafkaUrl
from .lanes import Subscription, sessions
from .port import BusSettings, BusUnavailableError, Handle, Message

_CONFIRM_SECONDS = 10.0
_CHECK_SECONDS = 3.0
_STOP_SECONDS = 5.0
_DAY_MILLISECONDS = 86_400_000
_REPLICAS = 3
_TOPIC_ALREADY_EXISTS = 36


class KafkaBus:
    def __init__(self, settings: BusSettings, _database: Database) -> None:
        self._settings = settings
        self._url = KafkaUrl(settings.bus_url.get_secret_value())
        self._broker: KafkaBroker | None = None
        self._connecting = asyncio.Lock()
        self._topics: set[str] = set()
        self._subscriptions: list[Subscription] = []

    def subscribe(self, topic: str, group: str, handle: Handle) -> None:
        self._subscriptions.append(Subscription(topic=topic, group=group, handle=handle))

    async def publish(self, messages: Sequence[Message]) -> None:
        try:
            async with asyncio.timeout(_CONFIRM_SECONDS):
                broker = await self._connected()
                await self._declare({message.topic for message in messages})
                await asyncio.gather(*[await _sent(broker, message) for message in messages])
        except Exception:
            await self._disconnect()
            raise BusUnavailableError("Kafka did not confirm the events") from None

    async def check(self) -> None:
        try:
            async with asyncio.timeout(_CHECK_SECONDS), self._admin() as admin:
                await admin.list_topics()
        except Exception:
            raise BusUnavailableError("Kafka does not answer") from None

    async def _connected(self) -> KafkaBroker:
        async with self._connecting:
            if self._broker is None:
                broker = KafkaBroker(
                    self._url.servers,
                    security=self._url.security,
                    acks="all",
                    partitioner=_partition,
                    request_timeout_ms=int(_CONFIRM_SECONDS * 1000),
                    logger=None,
                    apply_types=False,
                )
                try:
                    await broker.connect()
                except BaseException:
                    await _stopped(broker)
                    raise
                self._broker = broker
            return self._broker

    async def _disconnect(self) -> None:
        """A producer that failed keeps what it could not send: the next attempt has a new one."""
        self._topics.clear()
        broker, self._broker = self._broker, None
        if broker is not None:
            await _stopped(broker)

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[Any]:
        admin = AIOKafkaAdminClient(**self._url.connection())
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()

    async def _declare(self, topics: Iterable[str]) -> None:
        missing = set(topics) - self._topics
        if not missing:
            return
        async with self._admin() as admin:
            brokers = len((await admin.describe_cluster())["brokers"])
            answer = await admin.create_topics([self._new(topic, brokers) for topic in missing])
        if refused := [code for _, code, *_ in answer.topic_errors if code]:
            if set(refused) != {_TOPIC_ALREADY_EXISTS}:
                raise BusUnavailableError("Kafka did not make the topics")
        self._topics |= missing

    def _new(self, topic: str, brokers: int) -> NewTopic:
        kept = str(int(self._settings.events_days * _DAY_MILLISECONDS))
        return NewTopic(
            topic,
            self._settings.events_partitions,
            min(brokers, _REPLICAS),
            topic_configs={"retention.ms": kept},
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            if not self._subscriptions:
                yield
                return
            async with sessions(self._session, broker="kafka"):
                yield
        finally:
            await self._disconnect()

    async def _session(self) -> None:
        broken = asyncio.Event()
        await self._declare(each.topic for each in self._subscriptions)
        async with AsyncExitStack() as consumers:
            for group in {each.group for each in self._subscriptions}:
                mine = [each for each in self._subscriptions if each.group == group]
                consumer = GroupConsumer(self._settings, self._url, mine, failed=broken.set)
                await consumers.enter_async_context(consumer.running())
            await broken.wait()


async def _sent(broker: KafkaBroker, message: Message) -> Any:
    """A future: the order is that of the calls, the confirms come together."""
    return await broker.publish(
        message.body,
        topic=message.topic,
        key=message.key.encode(),
        headers={"id": message.id, "content-type": "application/cloudevents+json"},
        no_confirm=True,
    )


def _partition(key: bytes, partitions: list[int], _available: list[int]) -> int:
    """As the port's, over as many partitions as the topic was made with."""
    return partitions[crc32(key) % len(partitions)]


async def _stopped(broker: KafkaBroker) -> None:
    with suppress(Exception):
        async with asyncio.timeout(_STOP_SECONDS):
            await broker.stop()
