# Sealed: an update replaces this file.
"""One instance in a consumer group of Kafka: a lane for each partition that it is given."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]
from aiokafka.abc import ConsumerRebalanceListener  # type: ignore[import-untyped]

from .clients import ended
from .lanes import DRAIN_SECONDS, Delivery, Lane, Subscription
from .port import BusSettings, Message

_FETCH_SECONDS = 5.0
_COMMIT_SECONDS = 0.5
# One request at a time waits at each broker: what has been handled is asked for in the next one.
_FETCH_WAIT_MILLISECONDS = 50
_SESSION_SECONDS = 8.0
# A handler may wait for its database without end: that we live is told by the heartbeats.
_POLL_MILLISECONDS = 2**31 - 1


class GroupConsumer(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(
        self,
        settings: BusSettings,
        connection: Mapping[str, Any],
        subscriptions: Sequence[Subscription],
        *,
        failed: Callable[[], None],
    ) -> None:
        self._handles = {each.topic: each.handle for each in subscriptions}
        self._prefetch = max(1, settings.events_prefetch // settings.events_partitions)
        self._failed = failed
        self._lanes: list[Lane] = []
        self._consumer = AIOKafkaConsumer(
            **connection,
            group_id=subscriptions[0].group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            session_timeout_ms=int(_SESSION_SECONDS * 1000),
            fetch_max_wait_ms=_FETCH_WAIT_MILLISECONDS,
            heartbeat_interval_ms=int(_SESSION_SECONDS * 1000 / 4),
            rebalance_timeout_ms=int((DRAIN_SECONDS + 5) * 1000),
            max_poll_interval_ms=_POLL_MILLISECONDS,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self._consumer.subscribe(list(self._handles), listener=self)
        try:
            await self._consumer.start()
            yield
        finally:
            await self._stop_lanes()
            await ended(self._consumer.stop())

    async def on_partitions_revoked(self, _revoked: Iterable[Any]) -> None:
        await self._stop_lanes()

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        for each in assigned:
            source = _Partition(self._consumer, each, prefetch=self._prefetch)
            self._lanes.append(Lane(source, self._handles[each.topic], failed=self._failed))

    async def _stop_lanes(self) -> None:
        lanes, self._lanes = self._lanes, []
        await asyncio.gather(*(lane.stop() for lane in lanes))


class _Partition:
    """What is handled is committed when nothing else is at hand, and now and then."""

    def __init__(self, consumer: Any, partition: TopicPartition, *, prefetch: int) -> None:
        self._consumer = consumer
        self._partition = partition
        self._prefetch = prefetch
        self._records: deque[Any] = deque()
        self._handled: int | None = None
        self._committed_at = time.monotonic()

    async def take(self) -> Delivery:
        while not self._records:
            await self._commit()
            self._records.extend(await self._fetched())
        record = self._records.popleft()
        return Delivery(_message(record), partial(self._acknowledge, record.offset + 1))

    async def _fetched(self) -> list[Any]:
        fetched = await self._consumer.getmany(
            self._partition,
            timeout_ms=int(_FETCH_SECONDS * 1000),
            max_records=self._prefetch,
        )
        return list(fetched.get(self._partition, ()))

    async def _acknowledge(self, following: int) -> None:
        self._handled = following
        if time.monotonic() - self._committed_at > _COMMIT_SECONDS:
            await self._commit()

    async def _commit(self) -> None:
        if self._handled is not None:
            await self._consumer.commit({self._partition: self._handled})
            self._handled = None
        self._committed_at = time.monotonic()

    async def close(self) -> None:
        await self._commit()


def _message(record: Any) -> Message:
    """Anybody may write to a topic: the consumer buries what it cannot read."""
    id_ = dict(record.headers or ()).get("id")
    return Message(
        topic=record.topic,
        key=(record.key or b"").decode(errors="replace"),
        id=(id_ or b"").decode(errors="replace"),
        body=record.value or b"",
    )
