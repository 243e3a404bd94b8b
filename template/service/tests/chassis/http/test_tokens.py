# Sealed: an update replaces this file.
"""The tokens that calls carry."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from httpx2 import ASGITransport, AsyncClient
from pydantic import HttpUrl, SecretStr

from ...conftest import Settings, Token, auth, create_app, http
from .servers import Behaviour, Server, answers, serving
from .time import Hand

pytestmark = pytest.mark.anyio


def issues(expires_in: int) -> Behaviour:
    """A token endpoint; its tokens are numbered."""

    async def issue(upstream: Server, writer: asyncio.StreamWriter) -> None:
        told = {"access_token": f"token-{len(upstream.heads)}", "expires_in": expires_in}
        await answers(200, json.dumps(told).encode())(upstream, writer)

    return issue


@pytest.fixture
async def upstream() -> AsyncIterator[Server]:
    async with serving(answers(200)) as server:
        yield server


def remote(settings: Settings, issuer: Server, kind: str) -> Settings:
    return settings.model_copy(
        update={
            "call_tokens": kind,
            "token_url": HttpUrl(issuer.url),
            "client_id": "me",
            "client_secret": SecretStr("hunter2"),
        }
    )


async def carried(settings: Settings, upstream: Server, token: str = "", *, scope: str = "") -> Any:
    """The claims, or the text, of what an upstream gets when somebody calls us."""
    app = create_app(settings)
    client = http.upstream(app, "stock", upstream.url, audience="stock-service", scope=scope)

    @app.get("/ask", dependencies=[auth.requires("samples:read")] if token else [])
    async def ask() -> int:
        return (await client.get("/")).status_code

    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as service,
    ):
        assert (await service.get("/ask", headers=headers)).status_code == 200
    sent = (upstream.header("authorization") or "").removeprefix("Bearer ")
    return jwt.decode(sent, options={"verify_signature": False}) if "." in sent else sent


async def test_the_callers_token_is_exchanged_for_one_of_the_upstream(
    settings: Settings, upstream: Server, token: Token
) -> None:
    claims = await carried(settings, upstream, token(sub="alice", scope="samples:read"))

    assert (claims["sub"], claims["aud"]) == ("alice", "stock-service")
    assert claims["scope"] == "samples:read"
    assert claims["act"] == {"sub": settings.service}
    assert claims["exp"] - claims["iat"] <= 60


async def test_a_call_without_a_caller_carries_no_token_of_anyone(
    settings: Settings, upstream: Server
) -> None:
    assert await carried(settings, upstream) == ""


async def test_a_service_may_call_in_its_own_name(settings: Settings, upstream: Server) -> None:
    own = settings.model_copy(update={"call_tokens": "service"})

    claims = await carried(own, upstream, scope="stock:read")

    assert (claims["sub"], claims["scope"]) == (settings.service, "stock:read")


async def test_a_token_may_be_passed_on_as_it_is(
    settings: Settings, upstream: Server, token: Token
) -> None:
    relaying = settings.model_copy(update={"call_tokens": "relay"})
    given = token()

    await carried(relaying, upstream, given)

    assert upstream.header("authorization") == f"Bearer {given}"


async def test_a_token_that_no_route_checked_is_not_passed_on(
    settings: Settings, upstream: Server
) -> None:
    app = create_app(settings.model_copy(update={"call_tokens": "relay"}))
    client = http.upstream(app, "stock-service", upstream.url)

    @app.get("/open")
    async def ask() -> int:
        return (await client.get("/")).status_code

    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as service,
    ):
        await service.get("/open", headers={"authorization": "Bearer for.ge.d"})

    assert upstream.header("authorization") is None


async def test_the_identity_provider_is_asked_once_for_many_calls(settings: Settings) -> None:
    hand = Hand()
    async with serving(issues(60)) as issuer:
        tokens = http.Tokens(remote(settings, issuer, "service"), hand.now)

        first = await asyncio.gather(*(tokens.get(http.Target("stock")) for _ in range(10)))
        other = await tokens.get(http.Target("billing"))
        hand.moves(46)
        later = await tokens.get(http.Target("stock"))

    assert set(first) == {"token-1"}
    assert (other, later) == ("token-2", "token-3")
    assert str(issuer.header("authorization")).startswith("Basic ")


async def test_an_exchange_is_asked_for_in_the_words_of_its_standard(
    settings: Settings, upstream: Server, token: Token
) -> None:
    given = token()

    async with serving(issues(60)) as issuer:
        asking = remote(settings, issuer, "exchange")
        sent = await carried(asking, upstream, given, scope="stock:read")

    form = {name: values[0] for name, values in parse_qs(issuer.bodies[0].decode()).items()}
    assert sent == "token-1"
    assert form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "subject_token": given,
        "audience": "stock-service",
        "scope": "stock:read",
    }


@pytest.mark.parametrize("body", [b"{}", b"nothing", b'{"access_token": "a", "expires_in": "b"}'])
async def test_a_provider_that_gives_no_token_is_told_as_such(
    settings: Settings, body: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    async with serving(answers(200, body)) as issuer:
        tokens = http.Tokens(remote(settings, issuer, "service"))

        for _ in range(2):
            with pytest.raises(http.errors.NoTokenError):
                await tokens.get(http.Target("stock"))

    assert len(issuer.heads) == 2, "a refusal is not remembered"
    assert "hunter2" not in capfd.readouterr().out
