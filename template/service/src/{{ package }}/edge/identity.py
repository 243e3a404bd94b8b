"""Who calls, as the upstreams are told it: a short-lived token that this gateway signs."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..chassis.keys import LocalKeys
from ..chassis.verifier import Caller
from .settings import SliceSettings

_KEPT = 10_000


class Identity:
    def __init__(self, settings: SliceSettings, clock: Callable[[], float] = time.time) -> None:
        first, *others = (Path(file) for file in settings.identity_keys)
        self._keys = LocalKeys(first, make=not settings.production, prefix="edge")
        self._others = [LocalKeys(file, make=False, prefix="edge") for file in others]
        self._issuer, self._seconds = settings.identity_issuer, settings.identity_seconds
        self._tenant, self._clock = settings.tenant_claim, clock
        self._made: dict[tuple[Any, ...], tuple[float, str]] = {}

    @property
    def published(self) -> dict[str, list[dict[str, Any]]]:
        """The key set (JWKS) by which upstreams verify."""
        return {"keys": [each.public for each in (self._keys, *self._others)]}

    def tenant(self, caller: Caller | None) -> str:
        return str(caller.claims.get(self._tenant, "")) if caller else ""

    def token(self, caller: Caller, audience: str) -> str:
        """For one audience, and never for longer than the caller's own; kept for half its time."""
        now = self._clock()
        ends = int(min(now + self._seconds, float(caller.claims.get("exp", now + self._seconds))))
        key = (caller.subject, caller.scopes, self.tenant(caller), audience)
        until, token = self._made.get(key, (0.0, ""))
        if until > now and ends >= until:
            return token
        token = self._signed(caller, audience, int(now), ends)
        if len(self._made) >= _KEPT:
            del self._made[next(iter(self._made))]
        self._made[key] = (now + (ends - now) / 2, token)
        return token

    def _signed(self, caller: Caller, audience: str, now: int, ends: int) -> str:
        claims = {
            "iss": self._issuer,
            "aud": audience,
            "sub": caller.subject,
            "scope": " ".join(sorted(caller.scopes)),
            "iat": now,
            "exp": ends,
        }
        if tenant := self.tenant(caller):
            claims["tenant"] = tenant
        return self._keys.sign(claims)
