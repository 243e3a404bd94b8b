# Sealed: an update replaces this file.
"""Where the keys come from that verify tokens: a JWKS URL, or a local key pair."""

import asyncio
import os
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol

import jwt
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from .errors import UnavailableError

log = structlog.get_logger()

# An unknown key id makes us ask the issuer, but strangers must not make us ask often.
SECONDS_BETWEEN_REFETCHES = 10.0


class IssuerUnavailableError(UnavailableError):
    pass


class Keys(Protocol):
    """The keys that are trusted now. `generation` grows when one of them is withdrawn."""

    generation: int

    @abstractmethod
    async def find(self, kid: str) -> jwt.PyJWK | None: ...

    @abstractmethod
    async def check(self) -> None: ...


class LocalKeys:
    """A key pair of this machine, made at first use: for development only."""

    generation = 0

    def __init__(self, path: Path) -> None:
        self._private = _read_or_make(path)
        public: dict[str, Any] = OKPAlgorithm.to_jwk(self._private.public_key(), as_dict=True)
        self.kid = f"dev-{public['x'][:16]}"
        self._key = jwt.PyJWK({**public, "kid": self.kid, "alg": "EdDSA", "use": "sig"})

    async def find(self, kid: str) -> jwt.PyJWK | None:
        return self._key if kid == self.kid else None

    async def check(self) -> None:
        """A local key is always there."""

    def sign(self, claims: dict[str, Any]) -> str:
        headers = {"kid": self.kid, "typ": "at+jwt"}
        return jwt.encode(claims, self._private, algorithm="EdDSA", headers=headers)


def _read_or_make(path: Path) -> Ed25519PrivateKey:
    try:
        found = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        return _make(path)
    if not isinstance(found, Ed25519PrivateKey):
        raise ValueError(f"`{path}` is not an Ed25519 key: delete it to get a new one")
    return found


def _make(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(pem)
    try:
        os.link(draft, path)
    except FileExistsError:
        return _read_or_make(path)  # another process was first: its key is the one
    finally:
        draft.unlink()
    return key


class RemoteKeys:
    """The keys of an identity provider: cached, refreshed, kept while it cannot be reached."""

    def __init__(
        self,
        url: str,
        *,
        algorithms: Iterable[str],
        refresh_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=5)
        self._algorithms = frozenset(algorithms)
        self._refresh_seconds = refresh_seconds
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None
        self.generation = 0

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """Raises IssuerUnavailableError as long as the issuer never answered."""
        if self._clock() - self._tried_at > self._refresh_seconds:
            await self._refetch()  # before the answer: a withdrawn key must not open once more
        elif self._clock() - self._fetched_at > self._refresh_seconds:
            self._refresh_behind()  # the issuer did not answer: nobody waits for it again
        if kid not in self._keys:
            await self._refetch()
        if not self._keys:
            raise IssuerUnavailableError("the keys of the issuer are not there yet")
        return self._keys.get(kid)

    async def check(self) -> None:
        if not self._keys:
            await self._refetch()
        if not self._keys:
            raise IssuerUnavailableError("the keys of the issuer are not there yet")

    def _refresh_behind(self) -> None:
        if self._keys and (self._refreshing is None or self._refreshing.done()):
            self._refreshing = asyncio.create_task(self._refetch())

    async def _refetch(self) -> None:
        async with self._lock:
            if self._clock() - self._tried_at < SECONDS_BETWEEN_REFETCHES:
                return
            self._tried_at = self._clock()
            try:
                found = await asyncio.to_thread(self._client.get_jwk_set)
            except (jwt.PyJWTError, OSError, HTTPException, ValueError, RecursionError) as error:
                log.warning("issuer_keys_not_fetched", error=type(error).__name__)
                return
            self._trust(found)

    def _trust(self, found: jwt.PyJWKSet) -> None:
        keys = {key.key_id: key for key in found.keys if key.key_id and self._fits(key)}
        if not keys:
            log.warning("issuer_keys_not_usable", algorithms=sorted(self._algorithms))
            return
        if self._keys.keys() - keys.keys():
            self.generation += 1
        self._keys, self._fetched_at = keys, self._clock()

    def _fits(self, key: jwt.PyJWK) -> bool:
        return key.algorithm_name in self._algorithms and key.public_key_use in (None, "sig")
