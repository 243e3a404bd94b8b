# Sealed: an update replaces this file.
"""One partition of a topic in Redis, for one group."""

from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from .lanes import Delivery, Subscription
from .port import Message

BLOCK_SECONDS = 2.0
# One name for all instances: who takes a partition over finds what the other left unacknowledged.
_CONSUMER = "holder"


class Stream:
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
            key=_text(fields, b"key"),
            id=_text(fields, b"id"),
            body=fields.get(b"body", b""),
            attempt=attempt,
        )
        return Delivery(message, partial(self._acknowledge, entry))

    async def _read(self) -> list[tuple[bytes, dict[bytes, bytes], int]]:
        answer: Any = await self._client.xreadgroup(
            self._group,
            _CONSUMER,
            {self._name: self._next},
            count=self._prefetch,
            block=int(BLOCK_SECONDS * 1000),
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


def _text(fields: Mapping[bytes, bytes], name: bytes) -> str:
    """Anybody may write to a stream: the consumer buries what it cannot read."""
    return fields.get(name, b"").decode(errors="replace")
