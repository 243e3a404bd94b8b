# Sealed: an update replaces this file.
"""Tokens for calls: short-lived, for the one who is called, kept until shortly before their end."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

import httpx2
import jwt
import structlog

from ..context import current as request
from ..keys import LocalKeys
from .deadline import current as inbound
from .errors import NoTokenError
from .settings import HttpSettings

log = structlog.get_logger()

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # RFC 8693
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
_LOCAL_SECONDS = 60
_EARLY_SECONDS = 15.0
_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a token is for, and what it is to allow: scopes with spaces between them."""

    audience: str
    scope: str = ""


class Issuer(Protocol):
    """Gives a token and the seconds it is good for."""

    async def service(self, target: Target) -> tuple[str, float]: ...

    async def exchange(self, subject_token: str, target: Target) -> tuple[str, float]: ...


class LocalIssuer:
    """Signs by the development key: services that share the key file accept each other."""

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._keys: LocalKeys | None = None

    async def service(self, target: Target) -> tuple[str, float]:
        return self._signed({"sub": self._settings.service, "scope": target.scope}, target)

    async def exchange(self, subject_token: str, target: Target) -> tuple[str, float]:
        claims = jwt.decode(subject_token, options={"verify_signature": False})
        scope = target.scope or claims.get("scope", "")
        actor = {"sub": self._settings.service}
        return self._signed({"sub": claims["sub"], "scope": scope, "act": actor}, target)

    def _signed(self, claims: dict[str, Any], target: Target) -> tuple[str, float]:
        self._keys = self._keys or LocalKeys(self._settings.dev_key_file)
        now = int(time.time())
        whole = {
            "iss": self._settings.auth_issuer,
            "aud": target.audience,
            "iat": now,
            "exp": now + _LOCAL_SECONDS,
            **claims,
        }
        return self._keys.sign(whole), _LOCAL_SECONDS


class RemoteIssuer:
    """The token endpoint of an identity provider: client credentials, or token exchange."""

    def __init__(self, settings: HttpSettings) -> None:
        assert settings.client_secret is not None
        self._url = str(settings.token_url)
        self._login = (settings.client_id, settings.client_secret.get_secret_value())

    async def service(self, target: Target) -> tuple[str, float]:
        return await self._ask(target, grant_type="client_credentials")

    async def exchange(self, subject_token: str, target: Target) -> tuple[str, float]:
        return await self._ask(
            target,
            grant_type=_EXCHANGE,
            subject_token=subject_token,
            subject_token_type=_ACCESS_TOKEN,
        )

    async def _ask(self, target: Target, **form: str) -> tuple[str, float]:
        form["audience"] = target.audience
        if target.scope:
            form["scope"] = target.scope
        try:
            async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
                answer = await client.post(self._url, data=form, auth=self._login)
            told = answer.raise_for_status().json()
            return str(told["access_token"]), float(told.get("expires_in", _LOCAL_SECONDS))
        except (httpx2.HTTPError, ValueError, TypeError, KeyError) as error:
            log.warning("call_token_refused", error=type(error).__name__)
            raise NoTokenError("the identity provider gave no token for a call") from None


class Tokens:
    """The token for a call to a target; equal requests at once ask the issuer once."""

    def __init__(
        self,
        settings: HttpSettings,
        clock: Callable[[], float] = time.monotonic,
        *,
        kind: str | None = None,
    ) -> None:
        """`kind` as the setting `call_tokens` has it, which it is by default."""
        remote = settings.token_url is not None
        self._issuer: Issuer = RemoteIssuer(settings) if remote else LocalIssuer(settings)
        self._kind, self._clock = kind or settings.call_tokens, clock
        self._kept: dict[tuple[Target, bytes], tuple[float, asyncio.Task[tuple[str, float]]]] = {}

    async def get(self, target: Target) -> str | None:
        """Raises NoTokenError. None: the caller brought none that could be passed on."""
        token = inbound.get().token if _is_verified() else ""
        if self._kind == "none":
            return None
        if self._kind == "service":
            return await self._cached(target, b"", lambda: self._issuer.service(target))
        if not token or self._kind == "relay":
            return token or None
        about = sha256(token.encode()).digest()
        return await self._cached(target, about, lambda: self._issuer.exchange(token, target))

    async def _cached(self, target: Target, about: bytes, ask: Callable[[], Any]) -> str:
        key = (target, about)
        until, task = self._kept.get(key, (0.0, None))
        if task is None or (task.done() and until <= self._clock()):
            task = asyncio.create_task(ask())
            self._keep(key, task)
        try:
            token, seconds = await asyncio.shield(task)
        except NoTokenError:
            self._kept.pop(key, None)
            raise
        if until <= self._clock():
            good_for = max(0.0, seconds - _EARLY_SECONDS)
            self._kept[key] = (self._clock() + good_for, task)
        return token

    def _keep(self, key: tuple[Target, bytes], task: asyncio.Task[tuple[str, float]]) -> None:
        if len(self._kept) >= _KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (0.0, task)


def _is_verified() -> bool:
    """A token is passed on only after a route has checked it."""
    return (found := request.get()) is not None and found.subject is not None
