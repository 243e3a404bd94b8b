"""The identity provider changes its keys while the gateway runs."""

import asyncio
import time
from itertools import count
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ..chassis.servers import Issuer, serving
from ..conftest import Settings
from .conftest import Gateway

pytestmark = pytest.mark.anyio

ISSUER = "https://id.example.com"
SECONDS = 40  # the provider is asked every ten seconds at most


def bearer(kid: str, key: Any, subject: str) -> dict[str, str]:
    claims = {"iss": ISSUER, "aud": Settings.service, "sub": subject, "exp": int(time.time()) + 600}
    signed = jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": kid})
    return {"authorization": f"Bearer {signed}"}


async def until_answered(client: httpx2.AsyncClient, status: int, kid: str, key: Any) -> None:
    """A new token each time: one that was good is remembered for a minute."""
    ends = time.monotonic() + SECONDS
    for number in count():
        answer = await client.get("/anyone/x", headers=bearer(kid, key, f"caller-{number}"))
        if answer.status_code == status:
            return
        assert time.monotonic() < ends, f"`{kid}` is answered {answer.status_code}"
        await asyncio.sleep(0.1)


async def test_a_new_key_is_accepted_and_a_withdrawn_one_refused(start: Gateway) -> None:
    with serving(Issuer()) as issuer:
        gateway = start(
            auth_jwks_url=f"http://127.0.0.1:{issuer.server_port}/keys",
            auth_issuer=ISSUER,
            auth_refresh_seconds="10",
        )
        old, new = issuer.keys["one"], Ed25519PrivateKey.generate()
        early = bearer("one", old, "early")
        async with httpx2.AsyncClient(base_url=gateway.url) as client:
            before = (await client.get("/anyone/x", headers=early)).status_code
            issuer.keys["two"] = new
            await until_answered(client, 200, "two", new)
            del issuer.keys["one"]
            await until_answered(client, 401, "one", old)
            remembered = (await client.get("/anyone/x", headers=early)).status_code
            await until_answered(client, 200, "two", new)

    assert (before, remembered) == (200, 401)
