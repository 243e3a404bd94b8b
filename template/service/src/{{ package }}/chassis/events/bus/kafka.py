# Sealed: an update replaces this file.
"""Kafka: a topic with its partitions, shared inside a group by Kafka's own protocol."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from zlib import crc32

import structlog
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]
from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # type: ignore[import-untyped]

from ...database import Database
from .clients import CHECK_SECONDS, CONFIRM_SECONDS, answered, ended, quieten, sessions
from .kafka_group import GroupConsumer
from .kafka_url import connection
from .lanes import Subscription
from .port import BusSettings, BusUnavailableError, Handle, Message

_WATCH_SECONDS = 5.0
_DAY_MILLISECONDS = 86_400_000
_REPLICAS = 3
_TOPIC_ALREADY_EXISTS = 36

log = structlog.get_logger()
quieten("aiokafka")


class KafkaBus:
    def __init__(self, settings: BusSettings, _database: Database) -> None:
        self._settings = settings
        self._connection = connection(settings.bus_url.get_secret_value())
        self._producer: Any = None
        self._connecting = asyncio.Lock()
        self._topics: set[str] = set()
        self._subscriptions: list[Subscription] = []

    def subscribe(self, topic: str, group: str, handle: Handle) -> None:
        self._subscriptions.append(Subscription(topic=topic, group=group, handle=handle))

    async def publish(self, messages: Sequence[Message]) -> None:
        async with answered("Kafka did not confirm the events", within=CONFIRM_SECONDS):
            producer = await self._connected()
            try:
                await self._declare({message.topic for message in messages})
                await asyncio.gather(*[await _sent(producer, message) for message in messages])
            except BaseException:
                await self._disconnect()
                raise

    async def check(self) -> None:
        async with answered("Kafka does not answer", within=CHECK_SECONDS), self._admin() as admin:
            await admin.list_topics()

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._connection, acks="all", partitioner=_partition, linger_ms=0
                )
                try:
                    await producer.start()
                except BaseException:
                    await ended(producer.stop())
                    raise
                self._producer = producer
            return self._producer

    async def _disconnect(self) -> None:
        """A producer that failed keeps what it could not send: the next attempt has a new one."""
        self._topics.clear()
        producer, self._producer = self._producer, None
        if producer is not None:
            await ended(producer.stop())

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[Any]:
        admin = AIOKafkaAdminClient(**self._connection)
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
            if absent := missing - set(await admin.list_topics()):
                await self._create(admin, absent)
        self._topics |= missing

    async def _create(self, admin: Any, topics: Iterable[str]) -> None:
        brokers = len((await admin.describe_cluster())["brokers"])
        answer = await admin.create_topics([self._new(topic, brokers) for topic in topics])
        if {code for _, code, *_ in answer.topic_errors} - {0, _TOPIC_ALREADY_EXISTS}:
            raise BusUnavailableError("Kafka did not make the topics")

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
                consumer = GroupConsumer(self._settings, self._connection, mine, failed=broken.set)
                await consumers.enter_async_context(consumer.running())
            await self._watched(broken)

    async def _watched(self, broken: asyncio.Event) -> None:
        """The client connects again by itself, but tells so in too many words."""
        here = True
        while not broken.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_WATCH_SECONDS):
                    await broken.wait()
            was, here = here, await self._answers()
            if here != was:
                log.warning("bus_reconnected" if here else "bus_disconnected", broker="kafka")

    async def _answers(self) -> bool:
        try:
            await self.check()
        except BusUnavailableError:
            return False
        return True


async def _sent(producer: Any, message: Message) -> Any:
    """A future: the order is that of the calls, the confirms come together."""
    return await producer.send(
        message.topic,
        message.body,
        key=message.key.encode(),
        headers=[("id", message.id.encode()), ("content-type", b"application/cloudevents+json")],
    )


def _partition(key: bytes, partitions: list[int], _available: list[int]) -> int:
    """As the port's, over as many partitions as the topic was made with."""
    return partitions[crc32(key) % len(partitions)]
