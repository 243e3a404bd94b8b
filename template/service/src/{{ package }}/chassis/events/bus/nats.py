# Sealed: an update replaces this file.
"""NATS JetStream: a stream for a topic, a pull consumer for each partition of each group."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import structlog
from faststream.nats import NatsBroker
from nats.js.api import RetentionPolicy, StreamConfig
from nats.js.errors import BadRequestError

from ...database import Database
from .clients import CHECK_SECONDS, CONFIRM_SECONDS, answered, ended, quieten, sessions
from .lanes import Lane, Subscription
from .nats_consumer import ID, KEY, PartitionConsumer, stream_name
from .port import BusSettings, Handle, Message, partition

if TYPE_CHECKING:
    from nats.aio.client import Client

_CONNECT_SECONDS = 5.0
_DAY_SECONDS = 86_400
_NAME_IN_USE = 10058

log = structlog.get_logger()
quieten("nats")


class NatsBus:
    """The broker itself gives a partition's next message to any instance, once the last is done."""

    def __init__(self, settings: BusSettings, _database: Database) -> None:
        self._settings = settings
        self._broker: NatsBroker | None = None
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._topics: set[str] = set()
        self._subscriptions: list[Subscription] = []

    def subscribe(self, topic: str, group: str, handle: Handle) -> None:
        self._subscriptions.append(Subscription(topic=topic, group=group, handle=handle))

    async def publish(self, messages: Sequence[Message]) -> None:
        async with answered("NATS did not confirm the events", within=CONFIRM_SECONDS):
            broker, client = await self._connected()
            for topic in {message.topic for message in messages} - self._topics:
                await self._declare(client, topic)
            async with asyncio.TaskGroup() as confirms:
                for message in messages:
                    confirms.create_task(self._send(broker, message))

    async def _send(self, broker: NatsBroker, message: Message) -> None:
        slot = partition(message.key, partitions=self._settings.events_partitions)
        headers = {
            ID: message.id,
            KEY: quote(message.key),
            "content-type": "application/cloudevents+json",
        }
        await broker.publish(
            message.body,
            f"{message.topic}.{slot}",
            headers=headers,
            stream=stream_name(message.topic),
            timeout=CONFIRM_SECONDS,
        )

    async def check(self) -> None:
        async with answered("NATS does not answer", within=CHECK_SECONDS):
            _, client = await self._connected()
            await client.flush()

    async def _connected(self) -> tuple[NatsBroker, "Client"]:
        async with self._connecting:
            if self._broker is None or self._client is None or self._client.is_closed:
                self._broker = NatsBroker(
                    self._settings.bus_url.get_secret_value(),
                    logger=None,
                    apply_types=False,
                    error_cb=_quiet,
                    disconnected_cb=_disconnected,
                    reconnected_cb=_reconnected,
                    reconnect_time_wait=1,
                    max_reconnect_attempts=-1,
                    ping_interval=5,
                )
                async with asyncio.timeout(_CONNECT_SECONDS):
                    self._client = await self._broker.connect()
            return self._broker, self._client

    async def _declare(self, client: "Client", topic: str) -> None:
        config = StreamConfig(
            name=stream_name(topic),
            subjects=[f"{topic}.*"],
            retention=RetentionPolicy.LIMITS,
            max_age=self._settings.events_days * _DAY_SECONDS,
        )
        try:
            await client.jetstream().add_stream(config)
        except BadRequestError as error:  # somebody made it otherwise, and may know why
            if error.err_code != _NAME_IN_USE:
                raise
        self._topics.add(topic)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            if not self._subscriptions:
                yield
                return
            async with sessions(self._session, broker="nats"):
                yield
        finally:
            if self._broker is not None:
                await ended(self._broker.stop())

    async def _session(self) -> None:
        broken = asyncio.Event()
        _, client = await self._connected()
        lanes: list[Lane] = []
        try:
            for each in self._subscriptions:
                await self._declare(client, each.topic)
                for slot in range(self._settings.events_partitions):
                    source = PartitionConsumer(client, each, slot)
                    await source.open()
                    lanes.append(Lane(source, each.handle, failed=broken.set))
            await broken.wait()
        finally:
            await asyncio.gather(*(lane.stop() for lane in lanes))


async def _quiet(_: Exception) -> None:
    """The client tells every attempt to connect again; the two below are enough."""


async def _disconnected() -> None:
    log.warning("bus_disconnected", broker="nats")


async def _reconnected() -> None:
    log.info("bus_reconnected", broker="nats")
