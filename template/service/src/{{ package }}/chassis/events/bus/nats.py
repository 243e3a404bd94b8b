# Sealed: an update replaces this file.
"""NATS JetStream: a stream for a topic, a pull consumer for each partition of each group."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import structlog
from faststream.nats import NatsBroker
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StreamConfig
from nats.js.errors import BadRequestError

from ...database import Database
from .lanes import Delivery, Lane, Subscription, sessions
from .port import BusSettings, BusUnavailableError, Handle, Message, partition

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js.client import JetStreamContext

_CONFIRM_SECONDS = 10.0
_CHECK_SECONDS = 3.0
_CONNECT_SECONDS = 5.0
_FETCH_SECONDS = 5.0
_ACK_SECONDS = 10.0
_DAY_SECONDS = 86_400
_ID, _KEY = "Nats-Msg-Id", "Event-Key"
_NAME_IN_USE = 10058

log = structlog.get_logger()


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
        try:
            async with asyncio.timeout(_CONFIRM_SECONDS):
                broker, client = await self._connected()
                for topic in {message.topic for message in messages} - self._topics:
                    await self._declare(client, topic)
                async with asyncio.TaskGroup() as confirms:
                    for message in messages:
                        confirms.create_task(self._send(broker, message))
        except Exception:
            self._topics.clear()
            raise BusUnavailableError("NATS did not confirm the events") from None

    async def _send(self, broker: NatsBroker, message: Message) -> None:
        slot = partition(message.key, partitions=self._settings.events_partitions)
        headers = {
            _ID: message.id,
            _KEY: quote(message.key),
            "content-type": "application/cloudevents+json",
        }
        await broker.publish(
            message.body,
            f"{message.topic}.{slot}",
            headers=headers,
            stream=_stream(message.topic),
            timeout=_CONFIRM_SECONDS,
        )

    async def check(self) -> None:
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                _, client = await self._connected()
                await client.flush()
        except Exception:
            raise BusUnavailableError("NATS does not answer") from None

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
            name=_stream(topic),
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
                with suppress(Exception):
                    await self._broker.stop()

    async def _session(self) -> None:
        broken = asyncio.Event()
        _, client = await self._connected()
        lanes: list[Lane] = []
        try:
            for each in self._subscriptions:
                await self._declare(client, each.topic)
                for slot in range(self._settings.events_partitions):
                    source = _Consumer(client, each, slot)
                    await source.open()
                    lanes.append(Lane(source, each.handle, failed=broken.set))
            await broken.wait()
        finally:
            await asyncio.gather(*(lane.stop() for lane in lanes))


class _Consumer:
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
            stream=_stream(self._topic),
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
            key=unquote(headers.get(_KEY, "")),
            id=headers.get(_ID, ""),
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


async def _quiet(_: Exception) -> None:
    """The client tells every attempt to connect again; the two below are enough."""


async def _disconnected() -> None:
    log.warning("bus_disconnected", broker="nats")


async def _reconnected() -> None:
    log.info("bus_reconnected", broker="nats")


def _stream(topic: str) -> str:
    return topic.replace(".", "_")
