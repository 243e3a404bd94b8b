# Sealed: an update replaces this file.
"""Redis: a stream for each partition of a topic, read by whoever holds the partition's lease."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from redis.asyncio import Redis

from ...database import Database
from .clients import CHECK_SECONDS, CONFIRM_SECONDS, answered, ended, sessions
from .lanes import Lane, Subscription
from .leases import Leases, Shared
from .port import BusSettings, Handle, Message, partition
from .redis_stream import BLOCK_SECONDS, Stream
from .topics import Topics

_CONNECTIONS = 4096  # each partition that is read waits on one of its own
_DAY_SECONDS = 86_400


class RedisBus:
    def __init__(self, settings: BusSettings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._client = Redis.from_url(
            settings.bus_url.get_secret_value(),
            socket_connect_timeout=5.0,
            socket_timeout=BLOCK_SECONDS + 3.0,
            socket_keepalive=True,
            max_connections=_CONNECTIONS,
        )
        self._topics = Topics(settings.events_partitions)
        self._ahead = 0.0
        self._subscriptions: list[Subscription] = []

    def subscribe(self, topic: str, group: str, handle: Handle) -> None:
        self._subscriptions.append(Subscription(topic=topic, group=group, handle=handle))

    async def publish(self, messages: Sequence[Message]) -> None:
        async with answered("Redis did not take the events", within=CONFIRM_SECONDS):
            try:
                await self._agree({message.topic for message in messages})
                await self._add(messages)
            except BaseException:
                self._topics.forget()
                raise

    async def _add(self, messages: Sequence[Message]) -> None:
        """All or none: a server that is out of memory refuses some and takes what follows."""
        kept = self._settings.events_days * _DAY_SECONDS
        oldest = int((time.monotonic() + self._ahead - kept) * 1000)
        async with self._client.pipeline(transaction=True) as pipeline:
            for message in messages:
                stream = _stream(message, partitions=self._settings.events_partitions)
                pipeline.xadd(stream, _fields(message), minid=max(0, oldest), approximate=True)
            await pipeline.execute()

    async def _agree(self, topics: Iterable[str]) -> None:
        """What is old is so by the server's clock, which gives the entries their ids."""
        for topic in self._topics.unknown(topics):
            name = f"{topic}.partitions"
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.set(name, self._settings.events_partitions, nx=True)
                pipeline.get(name)
                pipeline.time()
                _, found, (seconds, _) = await pipeline.execute()
            self._ahead = seconds - time.monotonic()
            self._topics.agree(topic, int(found))

    async def check(self) -> None:
        async with answered("Redis does not answer", within=CHECK_SECONDS):
            await self._client.ping()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            if not self._subscriptions:
                yield
                return
            async with sessions(self._session, broker="redis"):
                yield
        finally:
            await ended(self._client.aclose())

    async def _session(self) -> None:
        broken = asyncio.Event()
        await self.check()
        self._topics.forget()
        await self._agree(each.topic for each in self._subscriptions)
        works = [
            Shared(
                each.name,
                self._settings.events_partitions,
                partial(self._lane, each, broken.set),
            )
            for each in self._subscriptions
        ]
        async with Leases(self._database, works, failed=broken.set).held():
            await broken.wait()

    async def _lane(
        self, subscription: Subscription, failed: Callable[[], None], slot: int
    ) -> Lane:
        share = self._settings.events_prefetch // self._settings.events_partitions
        source = Stream(self._client, subscription, slot, prefetch=max(1, share))
        await source.open()
        return Lane(source, subscription.handle, failed=failed)


def _stream(message: Message, *, partitions: int) -> str:
    return f"{message.topic}.{partition(message.key, partitions=partitions)}"


def _fields(message: Message) -> dict[Any, Any]:
    return {
        "id": message.id,
        "key": message.key,
        "content-type": "application/cloudevents+json",
        "body": message.body,
    }
