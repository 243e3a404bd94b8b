"""Sessions: from sign-in to logout, with tokens that are always fresh."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest

import structlog
from prometheus_client import Counter

from ...chassis import lifecycle
from ...chassis.errors import DomainError, UnavailableError
from .provider import (
    Grant,
    Provider,
    ProviderUnavailableError,
    RefreshRefusedError,
    SignInRefusedError,
    Tokens,
)
from .sealing import BrokenSealError, Sealer
from .store import Record, Store

log = structlog.get_logger()

REFRESHES = Counter("session_refreshes_total", "Refreshes of tokens.", ("outcome",))
SIGN_IN_SECONDS = 600
_EARLY_SECONDS = 30.0
_LEASE_SECONDS = 15.0  # longer than a refresh can take
_FAREWELL_SECONDS = 3.0
_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.05
_PURGE_SECONDS = 600.0


class NotSignedInError(DomainError):
    status = 401


class RefreshTimeoutError(UnavailableError):
    pass


@dataclass(frozen=True, slots=True)
class Session:
    """`cookie` is the secret that the browser holds."""

    record: Record
    tokens: Tokens
    cookie: str = field(repr=False)

    @property
    def csrf_token(self) -> str:
        """Of this session only; nothing has to be stored for it, and it betrays no cookie."""
        return digest(self.cookie.encode(), b"csrf", "sha256").hex()


class Sessions:
    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        provider: Provider,
        *,
        idle: timedelta,
        longest: timedelta,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self._sealer, self._provider = sealer, provider
        self._idle, self._longest = idle, longest
        self._clock = clock
        self._refreshing: dict[str, asyncio.Task[Record]] = {}

    @asynccontextmanager
    async def purging(self) -> AsyncIterator[None]:
        async with lifecycle.background(self._purge_forever()):
            yield

    async def claim(self, state: str) -> None:
        """Raises SignInRefusedError where this sign-in has been answered before."""
        if not await self.store.first_use(_hashed(state), seconds=SIGN_IN_SECONDS):
            raise SignInRefusedError("this sign-in was answered before: sign in again")

    async def begin(self, grant: Grant, *, instead_of: str | None) -> str:
        """The cookie of a new session; one that the browser had before ends.

        A new id for each sign-in: one that somebody has planted never becomes a session.
        """
        if instead_of is not None:
            await self.store.remove(_hashed(instead_of))
        cookie, now = secrets.token_urlsafe(32), self._now()
        id_ = _hashed(cookie)
        record = Record(
            id=id_,
            subject=grant.subject,
            provider_session=grant.provider_session,
            tokens=self._sealed(id_, grant.tokens),
            created_at=now,
            seen_at=now,
            ends_at=now + self._longest,
        )
        await self.store.add(record)
        log.info("session_began", subject=grant.subject)
        return cookie

    async def find(self, cookie: str | None) -> Session:
        """Raises NotSignedInError."""
        if not cookie:
            raise NotSignedInError("sign in first")
        record, now = await self.store.find(_hashed(cookie)), self._now()
        if record is None or now >= record.ends_at or now - record.seen_at > self._idle:
            raise NotSignedInError("the session is over: sign in again")
        if now - record.seen_at > min(timedelta(minutes=1), self._idle / 4):
            await self.store.touch(record.id, seen_at=now)
        return Session(record, await self._opened(record), cookie)

    async def fresh(self, session: Session) -> Session:
        """The session with an access token that is good for a while; NotSignedInError."""
        left = self._left(session.tokens)
        if left > _EARLY_SECONDS:
            return session
        try:
            record = await self._refreshed(session.record)
        except ProviderUnavailableError:
            if left > 0:
                return session
            raise
        return replace(session, record=record, tokens=await self._opened(record))

    async def end(self, session: Session, *, everywhere: bool = False) -> str:
        """Forget it, here and at the provider; the address at which the browser goes on."""
        if everywhere:
            await self.store.remove_of(session.record.subject)
        await self.store.remove(session.record.id)
        log.info("session_ended", subject=session.record.subject, everywhere=everywhere)
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._provider.revoke(session.tokens)
                return await self._provider.farewell(session.tokens)
        except TimeoutError:
            return "/"

    async def _refreshed(self, record: Record) -> Record:
        """One refresh at a time for each session; it goes on when those who wait have left."""
        task = self._refreshing.get(record.id)
        if task is None:
            task = asyncio.create_task(self._refresh(record))
            self._refreshing[record.id] = task
            task.add_done_callback(lambda done: self._forget(record.id, done))
        return await asyncio.shield(task)

    def _forget(self, id_: str, done: asyncio.Task[Record]) -> None:
        del self._refreshing[id_]
        if not done.cancelled():
            done.exception()  # nobody may be left to see it

    async def _refresh(self, record: Record) -> Record:
        """By whoever gets the lease; the others, also of other processes, wait for the result."""
        waits_until = time.monotonic() + _PATIENCE_SECONDS
        while not await self.store.lease(record.id, version=record.version, seconds=_LEASE_SECONDS):
            latest = await self.store.find(record.id)
            if latest is None:
                raise NotSignedInError("the session is over: sign in again")
            if latest.version != record.version:
                return latest
            if time.monotonic() > waits_until:
                raise RefreshTimeoutError("the tokens were not refreshed in time")
            await asyncio.sleep(_LOOK_SECONDS)
        return await self._refresh_leased(record)

    async def _refresh_leased(self, record: Record) -> Record:
        try:
            before = await self._opened(record)
            tokens = await self._provider.refresh(before, subject=record.subject)
        except RefreshRefusedError:
            REFRESHES.labels("refused").inc()
            log.info("session_ended", subject=record.subject, reason="refresh refused")
            await self.store.remove(record.id)
            raise NotSignedInError("the session is over: sign in again") from None
        except UnavailableError:
            REFRESHES.labels("failed").inc()
            await self.store.release(record.id, version=record.version)
            raise
        sealed = self._sealed(record.id, tokens)
        if not await self.store.replace(record.id, version=record.version, tokens=sealed):
            await self._provider.revoke(tokens)  # it ended while the provider was asked
            raise NotSignedInError("the session is over: sign in again")
        REFRESHES.labels("done").inc()
        return replace(record, tokens=sealed, version=record.version + 1)

    def _sealed(self, id_: str, tokens: Tokens) -> bytes:
        return self._sealer.seal(tokens.as_dict(), purpose=f"session {id_}")

    async def _opened(self, record: Record) -> Tokens:
        try:
            stored = self._sealer.open(record.tokens, purpose=f"session {record.id}")
        except BrokenSealError:
            log.warning("session_not_readable")  # its key has been taken away, or it was changed
            await self.store.remove(record.id)
            raise NotSignedInError("the session is over: sign in again") from None
        return Tokens.from_dict(stored)

    def _left(self, tokens: Tokens) -> float:
        return float("inf") if tokens.ends is None else tokens.ends - self._clock()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    async def _purge_forever(self) -> None:
        while True:
            try:
                await self.store.purge(idle_since=self._now() - self._idle)
            except Exception as error:  # noqa: BLE001 - the next time is another try
                log.warning("sessions_not_purged", error=type(error).__name__)
            await asyncio.sleep(_PURGE_SECONDS)


def _hashed(secret: str) -> str:
    """A secret of 256 random bits needs no slow hash: nobody can try them all."""
    return sha256(secret.encode()).hexdigest()
