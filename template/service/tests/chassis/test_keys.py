# Sealed: an update replaces this file.
"""Keys of an identity provider: fetched from a real HTTP server."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from ..conftest import errors, keys

pytestmark = pytest.mark.anyio


class Issuer(ThreadingHTTPServer):
    """Publishes `kids`; counts how often it is asked; fails on demand."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.kids = ["one"]
        self.asked = 0
        self.status = 200

    def document(self) -> bytes:
        return json.dumps({"keys": [public_jwk(kid) for kid in self.kids]}).encode()


class Handler(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.document())

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def public_jwk(kid: str) -> dict[str, Any]:
    public = Ed25519PrivateKey.generate().public_key()
    return {**OKPAlgorithm.to_jwk(public, as_dict=True), "kid": kid, "alg": "EdDSA", "use": "sig"}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def remote(issuer: Issuer, clock: Clock) -> keys.RemoteKeys:
    return keys.RemoteKeys(
        f"http://127.0.0.1:{issuer.server_port}/jwks",
        algorithms=("EdDSA",),
        refresh_seconds=300,
        clock=clock,
    )


async def settle(remote: keys.RemoteKeys) -> None:
    if remote._refreshing is not None:
        await remote._refreshing


async def test_keys_are_fetched_once(remote: keys.RemoteKeys, issuer: Issuer) -> None:
    found = await asyncio.gather(*(remote.find("one") for _ in range(20)))

    assert all(found)
    assert issuer.asked == 1


async def test_an_unknown_key_makes_us_ask_again_but_not_often(
    remote: keys.RemoteKeys, issuer: Issuer, clock: Clock
) -> None:
    await remote.find("one")
    issuer.kids = ["one", "two"]
    at_once = await remote.find("two")
    clock.now += keys.SECONDS_BETWEEN_REFETCHES + 1

    found = await remote.find("two")
    for _ in range(20):
        await remote.find("three")

    assert at_once is None
    assert found is not None
    assert issuer.asked == 2


async def test_a_withdrawn_key_dies_with_the_next_refresh(
    remote: keys.RemoteKeys, issuer: Issuer, clock: Clock
) -> None:
    await remote.find("one")
    issuer.kids = ["two"]
    clock.now += 301

    await remote.find("one")
    await settle(remote)

    assert await remote.find("one") is None
    assert remote.generation == 1


async def test_known_keys_are_kept_while_the_issuer_fails(
    remote: keys.RemoteKeys, issuer: Issuer, clock: Clock
) -> None:
    await remote.find("one")
    issuer.status = 500

    for _ in range(3):
        clock.now += 301
        assert await remote.find("one") is not None
        await settle(remote)

    assert issuer.asked == 4
    assert remote.generation == 0


async def test_an_issuer_that_never_answered_is_our_fault_not_the_callers(
    remote: keys.RemoteKeys, issuer: Issuer
) -> None:
    issuer.status = 503

    with pytest.raises(errors.UnavailableError):
        await remote.find("one")
    with pytest.raises(errors.UnavailableError):
        await remote.check()


async def test_keys_of_other_algorithms_are_not_trusted(clock: Clock, issuer: Issuer) -> None:
    remote = keys.RemoteKeys(
        f"http://127.0.0.1:{issuer.server_port}/jwks",
        algorithms=("RS256",),
        refresh_seconds=300,
        clock=clock,
    )

    with pytest.raises(errors.UnavailableError):
        await remote.find("one")


def test_the_local_key_is_made_once_and_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "key.pem"

    first, second = keys.LocalKeys(path), keys.LocalKeys(path)

    assert first.kid == second.kid
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["key.pem"]
