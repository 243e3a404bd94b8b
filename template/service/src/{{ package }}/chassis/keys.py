# Sealed: an update replaces this file.
"""Where the keys come from that verify tokens: a JWKS URL, or a local key pair."""

import asyncio
import os
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Protocol

import jwt
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from .config import BadConfigurationError
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
    """A key pair in a file; one that is made at the first start is for development only."""

    generation = 0

    def __init__(self, path: Path, *, make: bool = True, prefix: str = "dev") -> None:
        """Raises FileNotFoundError where there is no key and none is to be made."""
        self._private = _read_or_make(path) if make else _read(path)
        public: dict[str, Any] = OKPAlgorithm.to_jwk(self._private.public_key(), as_dict=True)
        self.kid = f"{prefix}-{public['x'][:16]}"
        self.public = {**public, "kid": self.kid, "alg": "EdDSA", "use": "sig"}
        self._key = jwt.PyJWK(self.public)

    async def find(self, kid: str) -> jwt.PyJWK | None:
        return self._key if kid == self.kid else None

    async def check(self) -> None:
        """A local key is always there."""

    def sign(self, claims: dict[str, Any]) -> str:
        headers = {"kid": self.kid, "typ": "at+jwt"}
        return jwt.encode(claims, self._private, algorithm="EdDSA", headers=headers)


def _read(path: Path) -> Ed25519PrivateKey:
    try:
        found = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        found = None
    if not isinstance(found, Ed25519PrivateKey):
        raise BadConfigurationError([f"`{path}` is not an Ed25519 key: delete it to get a new one"])
    return found


def _read_or_make(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".dev-key-") as draft:
            draft.write(_new_key())
            draft.flush()
            with suppress(FileExistsError):  # another process was first: its key is the one
                os.link(draft.name, path)
    return _read(path)


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


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
        self._fetched = False
        self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self.generation = 0

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """Raises IssuerUnavailableError as long as the issuer never answered."""
        if self._clock() - self._tried_at > self._refresh_seconds:
            await self._refetch()  # before the answer: a withdrawn key must not open once more
        elif kid not in self._keys:
            await self._refetch()
        if not self._fetched:
            raise IssuerUnavailableError("the keys of the issuer are not there yet")
        return self._keys.get(kid)

    async def check(self) -> None:
        if not self._fetched:
            await self._refetch()
        if not self._fetched:
            raise IssuerUnavailableError("the keys of the issuer are not there yet")

    async def _refetch(self) -> None:
        """One request to the issuer at a time; it goes on when those who wait have left."""
        if self._fetching is None or self._fetching.done():
            if self._clock() - self._tried_at < SECONDS_BETWEEN_REFETCHES:
                return
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch())
        await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        try:
            document = await asyncio.to_thread(self._client.fetch_data)
            self._trust(_usable(document, self._algorithms))
        except (jwt.PyJWTError, OSError, HTTPException, ValueError, RecursionError) as error:
            log.warning("issuer_keys_not_fetched", error=type(error).__name__)

    def _trust(self, keys: dict[str, jwt.PyJWK]) -> None:
        if not keys:
            log.warning("issuer_keys_not_usable", algorithms=sorted(self._algorithms))
        if any(kid not in keys or keys[kid].key != old.key for kid, old in self._keys.items()):
            self.generation += 1
        self._keys, self._fetched = keys, True


def _usable(document: Any, algorithms: frozenset[str]) -> dict[str, jwt.PyJWK]:
    """The signing keys of a JWKS document by their id; raises ValueError if it is none."""
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("no key set")
    keys = {}
    for entry in document["keys"]:
        try:
            key = jwt.PyJWK(entry)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            continue  # a kind that we do not know beside those that we do
        if key.key_id and key.algorithm_name in algorithms and key.public_key_use in (None, "sig"):
            keys[key.key_id] = key
    return keys
