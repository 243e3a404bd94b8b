# Sealed: an update replaces this file.
"""Redis: a stream for each partition of a topic, read by whoever holds the partition's lease."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from ...database import Database
from .clients import CHECK_SECONDS, CONFIRM_SECONDS, answered, ended, sessions
from .lanes import Delivery, Lane, Subscription
from .leases import Leases, Shared
from .port import BusSettings, Handle, Message, partition

_BLOCK_SECONDS = 2.0
_CONNECTIONS = 4096  # each partition that is read waits on one of its own
_DAY_MILLISECONDS = 86_400_000
# One name for all instances: who takes a partition over finds what the other left unacknowledged.
_CONSUMER = "holder"


class RedisBus:
    def __init__(self, settings: BusSettings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._client = Redis.from_url(
            settings.bus_url.get_secret_value(),
            socket_connect_timeout=5.0,
            socket_timeout=_BLOCK_SECONDS + 3.0,
            socket_keepalive=True,
            max_connections=_CONNECTIONS,
        )
        self._subscriptions: list[Subscription] = []

    def subscribe(self, topic: str, group: str, handle: Handle) -> None:
        self._subscriptions.append(Subscription(topic=topic, group=group, handle=handle))

    async def publish(self, messages: Sequence[Message]) -> None:
        kept = int(self._settings.events_days * _DAY_MILLISECONDS)
        oldest = int(time.time() * 1000) - kept
        async with (
            answered("Redis did not take the events", within=CONFIRM_SECONDS),
            self._client.pipeline(transaction=False) as pipeline,
        ):
            for message in messages:
                stream = _stream(message, partitions=self._settings.events_partitions)
                pipeline.xadd(stream, _fields(message), minid=oldest, approximate=True)
            await pipeline.execute()

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
        source = _Stream(self._client, subscription, slot, prefetch=max(1, share))
        await source.open()
        return Lane(source, subscription.handle, failed=failed)


class _Stream:
    """First what was delivered but never acknowledged, then what is new."""

    def __init__(
        self, client: Redis, subscription: Subscription, slot: int, *, prefetch: int
    ) -> None:
        self._client = client
        self._topic = subscription.topic
        self._group = subscription.group
        self._name = f"{subscription.topic}.{slot}"
        self._prefetch = prefetch
        self._next = "0"
        self._entries: deque[tuple[bytes, dict[bytes, bytes], int]] = deque()

    async def open(self) -> None:
        try:
            await self._client.xgroup_create(self._name, self._group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def take(self) -> Delivery:
        while not self._entries:
            self._entries.extend(await self._read())
        entry, fields, attempt = self._entries.popleft()
        message = Message(
            topic=self._topic,
            key=fields[b"key"].decode(),
            id=fields[b"id"].decode(),
            body=fields[b"body"],
            attempt=attempt,
        )
        return Delivery(message, partial(self._acknowledge, entry))

    async def _read(self) -> list[tuple[bytes, dict[bytes, bytes], int]]:
        answer: Any = await self._client.xreadgroup(
            self._group,
            _CONSUMER,
            {self._name: self._next},
            count=self._prefetch,
            block=int(_BLOCK_SECONDS * 1000),
        )
        entries = _entries(answer)
        if self._next == ">":
            return [(entry, fields, 1) for entry, fields in entries]
        if not entries:
            self._next = ">"
            return []
        self._next = entries[-1][0].decode()
        for entry in [entry for entry, fields in entries if not fields]:  # too old: it is gone
            await self._acknowledge(entry)
        return [(e, fields, await self._attempts(e)) for e, fields in entries if fields]

    async def _attempts(self, entry: bytes) -> int:
        pending: Any = await self._client.xpending_range(self._name, self._group, entry, entry, 1)
        return int(pending[0]["times_delivered"]) if pending else 1

    async def _acknowledge(self, entry: bytes) -> None:
        await self._client.xack(self._name, self._group, entry)

    async def close(self) -> None:
        """What is not acknowledged stays in the list of the pending."""


def _entries(answer: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    return list(answer[0][1]) if answer else []


def _stream(message: Message, *, partitions: int) -> str:
    return f"{message.topic}.{partition(message.key, partitions=partitions)}"


def _fields(message: Message) -> dict[Any, Any]:
    return {
        "id": message.id,
        "key": message.key,
        "content-type": "application/cloudevents+json",
        "body": message.body,
    }
