# Sealed: an update replaces this file.
"""Keys of an identity provider: fetched from a real HTTP server."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ..conftest import config, errors, keys, verifier
from .servers import KINDS, Issuer, jwk, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with serving(Issuer()) as server:
        yield server


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
        algorithms=tuple(KINDS.values()),
        refresh_seconds=300,
        clock=clock,
    )


async def test_keys_are_fetched_once(remote: keys.RemoteKeys, issuer: Issuer) -> None:
    found = await asyncio.gather(*(remote.find("one") for _ in range(20)))

    assert all(found)
    assert issuer.asked == 1


async def test_an_unknown_key_makes_us_ask_again_but_not_often(
    remote: keys.RemoteKeys, issuer: Issuer, clock: Clock
) -> None:
    await remote.find("one")
    issuer.keys["two"] = Ed25519PrivateKey.generate()
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
    issuer.keys = {"two": Ed25519PrivateKey.generate()}
    clock.now += 301

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

    assert issuer.asked == 4
    assert remote.generation == 0


async def test_an_issuer_that_has_no_keys_left_is_trusted_no_more(
    remote: keys.RemoteKeys, issuer: Issuer, clock: Clock
) -> None:
    await remote.find("one")
    issuer.keys = {}
    clock.now += 301

    assert await remote.find("one") is None
    assert remote.generation == 1


async def test_a_key_that_changes_under_its_name_is_another_key(
    remote: keys.RemoteKeys, issuer: Issuer, clock: Clock
) -> None:
    await remote.find("one")
    issuer.keys = {"one": Ed25519PrivateKey.generate()}
    clock.now += 301

    await remote.find("one")

    assert remote.generation == 1


async def test_a_slow_issuer_is_heard_by_those_who_come_later(
    remote: keys.RemoteKeys, issuer: Issuer
) -> None:
    issuer.delay = 0.3

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await remote.check()
    found = await remote.find("one")

    assert found is not None
    assert issuer.asked == 1


@pytest.fixture
def verifies(remote: keys.RemoteKeys) -> verifier.Verifier:
    return verifier.Verifier(
        remote, algorithms=list(KINDS.values()), issuer="me", audience="us", leeway=0
    )


def signed(kid: str, key: Any) -> str:
    claims = {"iss": "me", "aud": "us", "sub": "alice", "exp": int(time.time()) + 60}
    algorithm = jwk(kid, key)["alg"]
    return pyjwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


async def test_tokens_of_every_algorithm_are_let_in(
    issuer: Issuer, verifies: verifier.Verifier
) -> None:
    issuer.keys["two"] = ec.generate_private_key(ec.SECP256R1())
    issuer.keys["three"] = rsa.generate_private_key(65537, 2048)

    callers = [await verifies.caller(signed(*each)) for each in issuer.keys.items()]

    assert [caller.subject for caller in callers] == ["alice"] * 3


async def test_a_remembered_token_dies_with_its_key(
    issuer: Issuer, clock: Clock, verifies: verifier.Verifier
) -> None:
    token = signed("one", issuer.keys["one"])
    await verifies.caller(token)
    issuer.keys = {"two": Ed25519PrivateKey.generate()}
    clock.now += 301
    await verifies.keys.find("two")

    with pytest.raises(verifier.InvalidTokenError):
        await verifies.caller(token)


async def test_an_issuer_that_never_answered_is_our_fault_not_the_callers(
    remote: keys.RemoteKeys, issuer: Issuer
) -> None:
    issuer.status = 503

    with pytest.raises(errors.UnavailableError):
        await remote.find("one")
    with pytest.raises(errors.UnavailableError):
        await remote.check()


async def test_keys_of_other_algorithms_are_not_trusted(clock: Clock, issuer: Issuer) -> None:
    url = f"http://127.0.0.1:{issuer.server_port}/jwks"
    remote = keys.RemoteKeys(url, algorithms=("RS256",), refresh_seconds=300, clock=clock)

    assert await remote.find("one") is None


def test_the_local_key_is_made_once_and_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "key.pem"

    first, second = keys.LocalKeys(path), keys.LocalKeys(path)

    assert first.kid == second.kid
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["key.pem"]


def test_a_file_that_is_no_key_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("not a key")

    with pytest.raises(config.BadConfigurationError, match="not an Ed25519 key"):
        keys.LocalKeys(path)
