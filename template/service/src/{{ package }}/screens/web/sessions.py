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

from ...chassis import lifecycle
from .provider import Grant, Provider, ProviderUnavailableError, SignInRefusedError, Tokens
from .refreshing import Refresher
from .sealing import Sealer
from .store import Record, Store
from .vault import NotSignedInError, Vault

log = structlog.get_logger()

SIGN_IN_SECONDS = 600
_EARLY_SECONDS = 30.0
_FAREWELL_SECONDS = 3.0
_PURGE_SECONDS = 600.0


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
        self._vault, self._provider = Vault(store, sealer), provider
        self.refresher = Refresher(store, self._vault, provider)
        self._idle, self._longest = idle, longest
        self._clock = clock

    @asynccontextmanager
    async def purging(self) -> AsyncIterator[None]:
        async with lifecycle.repeated(self._purge, seconds=_PURGE_SECONDS):
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
            tokens=self._vault.seal(id_, grant.tokens),
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
        return Session(record, await self._vault.open(record), cookie)

    async def fresh(self, session: Session) -> Session:
        """The session with an access token that is good for a while; NotSignedInError."""
        left = self._left(session.tokens)
        if left > _EARLY_SECONDS:
            return session
        try:
            record = await self.refresher.refreshed(session.record)
        except ProviderUnavailableError:
            if left > 0:
                return session
            raise
        return replace(session, record=record, tokens=await self._vault.open(record))

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

    def _left(self, tokens: Tokens) -> float:
        return float("inf") if tokens.ends is None else tokens.ends - self._clock()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    async def _purge(self) -> None:
        try:
            await self.store.purge(idle_since=self._now() - self._idle)
        except Exception as error:  # noqa: BLE001 - the next time is another try
            log.warning("sessions_not_purged", error=type(error).__name__)


def _hashed(secret: str) -> str:
    """A secret of 256 random bits needs no slow hash: nobody can try them all."""
    return sha256(secret.encode()).hexdigest()
