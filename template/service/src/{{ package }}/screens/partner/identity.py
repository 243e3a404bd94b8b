"""In whose name upstreams are asked: a short-lived token that this service signs for a partner.

With `CALL_TOKENS` `exchange` the identity provider, which trusts the published keys, gives another
one for it; with `relay` upstreams get it as it is.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...chassis.http import HttpSettings
from ...chassis.keys import LocalKeys
from .settings import KindSettings

_SECONDS = 60
_KEPT = 10_000


class Identity:
    def __init__(
        self, settings: KindSettings, http: HttpSettings, clock: Callable[[], float] = time.time
    ) -> None:
        files = [Path(file) for file in settings.identity_keys]
        own = [LocalKeys(file, make=False, prefix="partner") for file in files]
        self._keys = own or [LocalKeys(http.dev_key_file)]
        self._claims = {
            "iss": settings.identity_issuer,
            "aud": list(settings.identity_audience),
            "scope": " ".join(settings.identity_scopes),
        }
        self._clock = clock
        self._made: dict[str, tuple[float, str]] = {}

    @property
    def published(self) -> dict[str, list[dict[str, Any]]]:
        """The key set (JWKS) by which others verify."""
        return {"keys": [each.public for each in self._keys]}

    def token(self, partner: str) -> str:
        """Kept for half its time, so that it is exchanged once and not for each request."""
        now = self._clock()
        until, token = self._made.get(partner, (0.0, ""))
        if until > now:
            return token
        if len(self._made) >= _KEPT:
            del self._made[next(iter(self._made))]
        claims = {**self._claims, "sub": partner, "iat": int(now), "exp": int(now) + _SECONDS}
        token = self._keys[0].sign(claims)
        self._made[partner] = (now + _SECONDS / 2, token)
        return token
