# Sealed: an update replaces this file.
"""NATS JetStream: a stream for a topic, a pull consumer for each partition of each group."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

import structlog
from faststream.nats import NatsBroker
from nats.js.api import RetentionPolicy, StreamConfig
from nats.js.errors import BadRequestError, NotFoundError

from ...database import Database
from .clients import CHECK_SECONDS, CONFIRM_SECONDS, answered, ended, one_by_one, quieten, sessions
from .lanes import Lane, Subscription
from .nats_consumer import ID, KEY, PartitionConsumer, stream_name
from .port import BusSettings, Handle, Message, partition
from .topics import Topics

if TYPE_CHECKING:
    from nats.aio.client import Client

_CONNECT_SECONDS = 5.0
_DAY_SECONDS = 86_400
_NAME_IN_USE = 10058
_DESCRIPTION = "Events in {} partitions"

log = structlog.get_logger()
quieten("nats")


class NatsBus:
    """The broker itself gives a partition's next message to any instance, once the last is done."""

    def __init__(self, settings: BusSettings, _database: Database) -> None:
        self._settings = settings
        self._broker: NatsBroker | None = None
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._topics = Topics(settings.events_partitions)
        self._subscriptions: list[Subscription] = []

    def subscribe(self, topic: str, group: str, handle: Handle) -> None:
        self._subscriptions.append(Subscription(topic=topic, group=group, handle=handle))

    async def publish(self, messages: Sequence[Message]) -> None:
        async with answered("NATS did not confirm the events", within=CONFIRM_SECONDS):
            try:
                broker, client = await self._connected()
                for topic in self._topics.unknown(message.topic for message in messages):
                    await self._declare(client, topic)
                await one_by_one(messages, partial(self._send, broker))
            except BaseException:
                self._topics.forget()
                raise

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
        """Its description says how many partitions it has: servers before 2.10 keep no metadata."""
        stream, config = client.jetstream(), self._config(topic)
        try:
            found = (await stream.stream_info(stream_name(topic))).config
        except NotFoundError:
            try:
                found = (await stream.add_stream(config)).config
            except BadRequestError as error:
                if error.err_code != _NAME_IN_USE:
                    raise
                found = (await stream.stream_info(stream_name(topic))).config
        said = re.fullmatch(_DESCRIPTION.format(r"(\d+)"), found.description or "")
        # Somebody may have made it otherwise, and know why.
        self._topics.agree(topic, int(said[1]) if said else self._topics.partitions)

    def _config(self, topic: str) -> StreamConfig:
        return StreamConfig(
            name=stream_name(topic),
            description=_DESCRIPTION.format(self._settings.events_partitions),
            subjects=[f"{topic}.*"],
            retention=RetentionPolicy.LIMITS,
            max_age=self._settings.events_days * _DAY_SECONDS,
        )

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
