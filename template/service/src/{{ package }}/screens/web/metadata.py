"""What an OpenID provider publishes of itself: its endpoints and its keys."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog

from ...chassis.keys import RemoteKeys
from .provider import ProviderUnavailableError
from .registration import InvalidAnswerError, Registration, reason

log = structlog.get_logger()

_KEPT_SECONDS = 3600.0
_SECONDS_BETWEEN_TRIES = 5.0
_SECONDS = 5.0


class Metadata:
    def __init__(
        self, ours: Registration, client: httpx2.AsyncClient, clock: Callable[[], float]
    ) -> None:
        self._ours, self._http, self._clock = ours, client, clock
        self._found: tuple[float, dict[str, Any], RemoteKeys] | None = None
        self._finding = asyncio.Lock()
        self._tried_at = float("-inf")

    async def get(self) -> tuple[dict[str, Any], RemoteKeys]:
        """Kept for an hour, and longer while it cannot be had anew."""
        async with self._finding:
            if self._found is None or self._clock() - self._found[0] > _KEPT_SECONDS:
                await self._discover()
            if self._found is None:
                raise ProviderUnavailableError("the provider does not answer just now")
            _, known, keys = self._found
            return known, keys

    async def _discover(self) -> None:
        if self._clock() - self._tried_at < _SECONDS_BETWEEN_TRIES:
            return  # those who wait in line must not all wait for a provider that is away
        try:
            metadata = await self._fetch()
        except (httpx2.HTTPError, TimeoutError, ValueError, TypeError) as error:
            self._tried_at = self._clock()
            log.warning("provider_not_discovered", error=reason(error))
        else:
            self._found = (self._clock(), metadata, self._keys(metadata))

    async def _fetch(self) -> dict[str, Any]:
        url = f"{self._ours.issuer.rstrip('/')}/.well-known/openid-configuration"
        async with asyncio.timeout(_SECONDS):
            metadata = (await self._http.get(url)).raise_for_status().json()
        if not isinstance(metadata, dict) or metadata.get("issuer") != self._ours.issuer:
            raise InvalidAnswerError("it names another issuer")
        for endpoint in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(metadata.get(endpoint), str):
                raise InvalidAnswerError(f"no {endpoint}")
            if urlsplit(self._ours.issuer).scheme == "https" != urlsplit(metadata[endpoint]).scheme:
                raise InvalidAnswerError(f"{endpoint} is not `https`")
        return metadata

    def _keys(self, metadata: Mapping[str, Any]) -> RemoteKeys:
        if self._found and self._found[1]["jwks_uri"] == metadata["jwks_uri"]:
            return self._found[2]
        return RemoteKeys(
            metadata["jwks_uri"], algorithms=self._ours.algorithms, refresh_seconds=300
        )
