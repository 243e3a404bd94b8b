"""Sessions in Redis, which forgets them by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import redis.asyncio as aio
import structlog
from redis.exceptions import RedisError

from ...chassis.tables import now
from .store import Record, SessionStoreUnavailableError

log = structlog.get_logger()

_SECONDS = 2.0
# Each works on one session at once, as a logout may come between two commands.
_TOUCH = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'seen_at', ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
_LEASE = """
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
return redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
"""
_RELEASE = """
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
"""
_REPLACE = """
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'tokens', ARGV[2], 'version', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
"""


class RedisStore:
    def __init__(self, url: str, *, prefix: str, idle: timedelta) -> None:
        wait: dict[str, Any] = {"socket_timeout": _SECONDS, "socket_connect_timeout": _SECONDS}
        self._redis: Any = aio.Redis.from_url(url, **wait)
        self._prefix, self._idle = prefix, idle

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        yield
        await self._redis.aclose()

    async def add(self, record: Record) -> None:
        fields: dict[str, str | bytes] = {
            "subject": record.subject,
            "provider_session": record.provider_session or "",
            "tokens": record.tokens,
            "version": str(record.version),
            "created_at": record.created_at.isoformat(),
            "seen_at": record.seen_at.isoformat(),
            "ends_at": record.ends_at.isoformat(),
        }
        async with _answering(), self._redis.pipeline(transaction=True) as together:
            together.hset(self._session(record.id), mapping=fields)
            together.pexpire(self._session(record.id), self._left(record.ends_at))
            for index in self._indexes(record):
                together.sadd(index, record.id)
                # Lists of sessions live as long as any session can that is in them.
                together.pexpire(index, _milliseconds(record.ends_at - now()))
            await together.execute()

    async def find(self, id_: str) -> Record | None:
        async with _answering():
            found: dict[bytes, bytes] = await self._redis.hgetall(self._session(id_))
        if not found:
            return None
        text = {name.decode(): value.decode() for name, value in found.items()}
        return Record(
            id=id_,
            subject=text["subject"],
            provider_session=text["provider_session"] or None,
            tokens=found[b"tokens"],
            version=int(text["version"]),
            created_at=datetime.fromisoformat(text["created_at"]),
            seen_at=datetime.fromisoformat(text["seen_at"]),
            ends_at=datetime.fromisoformat(text["ends_at"]),
        )

    async def touch(self, id_: str, *, seen_at: datetime) -> None:
        if (record := await self.find(id_)) is not None:
            left = self._left(record.ends_at)
            await self._run(_TOUCH, id_, seen_at.isoformat(), left)

    async def lease(self, id_: str, *, version: int, seconds: float) -> bool:
        return bool(await self._run(_LEASE, id_, version, int(seconds * 1000)))

    async def release(self, id_: str, *, version: int) -> None:
        await self._run(_RELEASE, id_, version)

    async def replace(self, id_: str, *, version: int, tokens: bytes) -> bool:
        return bool(await self._run(_REPLACE, id_, version, tokens, version + 1))

    async def remove(self, id_: str) -> None:
        record = await self.find(id_)
        async with _answering():
            await self._redis.delete(self._session(id_))
            for index in self._indexes(record) if record else []:
                await self._redis.srem(index, id_)

    async def remove_of(self, subject: str) -> None:
        await self._remove_all(self._index("subject", subject))

    async def remove_at_provider(self, provider_session: str) -> None:
        await self._remove_all(self._index("provider", provider_session))

    async def first_use(self, digest: str, *, seconds: int) -> bool:
        async with _answering():
            return bool(
                await self._redis.set(f"{self._prefix}:used:{digest}", 1, nx=True, ex=seconds)
            )

    async def purge(self, *, idle_since: datetime) -> None:
        """Redis does it."""

    async def check(self) -> None:
        async with _answering():
            await self._redis.ping()

    async def _remove_all(self, index: str) -> None:
        async with _answering():
            for id_ in await self._redis.smembers(index):
                await self._redis.delete(self._session(id_.decode()))
            await self._redis.delete(index)

    async def _run(self, script: str, id_: str, *arguments: Any) -> int:
        async with _answering():
            keys = (self._session(id_), f"{self._session(id_)}:lease")
            done = await self._redis.eval(script, 2, *keys, *arguments)
        return int(done or 0)

    def _session(self, id_: str) -> str:
        # What is in braces decides on the slot in a cluster: a session and its lease share it.
        return f"{self._prefix}:session:" + "{" + id_ + "}"

    def _indexes(self, record: Record) -> list[str]:
        indexes = [self._index("subject", record.subject)]
        if record.provider_session:
            indexes.append(self._index("provider", record.provider_session))
        return indexes

    def _index(self, kind: str, name: str) -> str:
        return f"{self._prefix}:{kind}:{sha256(name.encode()).hexdigest()}"

    def _left(self, ends_at: datetime) -> int:
        return _milliseconds(min(self._idle, ends_at - now()))


def _milliseconds(time: timedelta) -> int:
    return max(1, int(time.total_seconds() * 1000))


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        log.warning("session_store_failed", error=type(error).__name__)
        raise SessionStoreUnavailableError("the sessions cannot be read just now") from None
