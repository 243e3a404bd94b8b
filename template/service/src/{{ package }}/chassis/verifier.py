# Sealed: an update replaces this file.
"""Verifies access tokens."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import jwt
import structlog

from .errors import DomainError, ForbiddenError
from .keys import Keys

log = structlog.get_logger()

_SUBJECT = re.compile(r"[!-~]{1,255}")
_TOKEN_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_ACCESS_USES = frozenset({"access", "bearer", "at+jwt", "jwt"})
_LONGEST_TOKEN = 8192
_CACHED_TOKENS = 10_000
_CACHED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified sender of a request."""

    subject: str
    scopes: frozenset[str]
    claims: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def may(self, scope: str) -> bool:
        return scope in self.scopes


class UnauthenticatedError(DomainError):
    status = 401
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})


class InvalidTokenError(UnauthenticatedError):
    headers = MappingProxyType({"WWW-Authenticate": 'Bearer error="invalid_token"'})


class MissingScopeError(ForbiddenError):
    def __init__(self, scope: str) -> None:
        super().__init__(f"this needs the scope `{scope}`")
        challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
        self.headers = {"WWW-Authenticate": challenge}


class Verifier:
    """Checks tokens; remembers good ones for a minute, as checking a signature is dear."""

    def __init__(
        self,
        keys: Keys,
        *,
        algorithms: Sequence[str],
        issuer: str,
        audience: str,
        leeway: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.keys = keys
        self._algorithms = list(algorithms)
        self._issuer = issuer
        self._audience = audience
        self._leeway = leeway
        self._clock = clock
        self._cache: dict[bytes, tuple[float, Caller]] = {}
        self._generation = keys.generation

    async def caller(self, token: str) -> Caller:
        """Raises InvalidTokenError, whatever is wrong: a forger learns nothing."""
        if self._generation != self.keys.generation:
            self._cache.clear()
            self._generation = self.keys.generation
        digest = sha256(token.encode()).digest()
        if (cached := self._cache.get(digest)) is not None and cached[0] > self._clock():
            return cached[1]
        try:
            claims = await self._claims(token)
            caller = Caller(_subject(claims), _scopes(claims), claims)
            self._remember(digest, caller, float(claims["exp"]))
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            log.info("token_refused", reason=type(error).__name__)
            raise InvalidTokenError from None
        return caller

    async def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > _LONGEST_TOKEN:
            raise ValueError("too long")
        header = jwt.get_unverified_header(token)
        if str(header.get("typ", "jwt")).lower() not in _TOKEN_TYPES:
            raise ValueError("not an access token")
        key = await self.keys.find(str(header.get("kid", "")))
        # The key says which algorithm it is for, never the token: no RS/HS confusion.
        if key is None or header.get("alg") != key.algorithm_name:
            raise ValueError("unknown key")
        return jwt.decode(
            token,
            key,
            algorithms=self._algorithms,
            audience=self._audience,
            issuer=self._issuer,
            leeway=self._leeway,
            options={"require": ["iss", "aud", "exp", "sub"]},
        )

    def _remember(self, digest: bytes, caller: Caller, expires: float) -> None:
        if len(self._cache) >= _CACHED_TOKENS:
            del self._cache[next(iter(self._cache))]
        self._cache[digest] = (min(expires, self._clock() + _CACHED_SECONDS), caller)


def _subject(claims: dict[str, Any]) -> str:
    for name in ("typ", "token_use"):  # how Keycloak and Cognito mark what is no access token
        if str(claims.get(name, "access")).lower() not in _ACCESS_USES:
            raise ValueError("not an access token")
    subject: str = claims["sub"]
    if not _SUBJECT.fullmatch(subject):
        raise ValueError("not a subject")
    return subject


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    granted = claims.get("scope", claims.get("scp", ()))
    if isinstance(granted, str):
        return frozenset(granted.split())
    if isinstance(granted, dict):
        raise TypeError("no list of scopes")
    return frozenset(scope for scope in granted if isinstance(scope, str))
