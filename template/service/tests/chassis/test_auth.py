# Sealed: an update replaces this file.
"""Access tokens: what is let in, and what an attacker tries."""

import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fastapi import FastAPI
from httpx2 import AsyncClient, Response

from ..conftest import Token, verifier

pytestmark = pytest.mark.anyio

Ask = Callable[[str], Any]


@pytest.fixture
def ask(anonymous: AsyncClient) -> Ask:
    async def get(token: str) -> Response:
        return await anonymous.get("/samples", headers={"authorization": f"Bearer {token}"})

    return get


@pytest.fixture
def claims(token: Token) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token(), options={"verify_signature": False})
    return found


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: str = "") -> str:
    parts = (json.dumps(part).encode() for part in (header, claims))
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, signature])


async def test_a_good_token_is_let_in(ask: Ask, token: Token) -> None:
    assert (await ask(token())).status_code == 200


async def test_without_a_token_the_answer_says_what_is_missing(anonymous: AsyncClient) -> None:
    answer = await anonymous.get("/samples")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "bearer\t", "x y z"])
async def test_other_schemes_are_refused(anonymous: AsyncClient, header: str) -> None:
    answer = await anonymous.get("/samples", headers={"authorization": header})

    assert answer.status_code == 401


async def test_a_missing_scope_is_forbidden_and_named(ask: Ask, token: Token) -> None:
    answer = await ask(token(scope="samples:write"))

    assert answer.status_code == 403
    assert 'scope="samples:read"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "sub"])
async def test_every_claim_is_mandatory(ask: Ask, token: Token, claim: str) -> None:
    answer = await ask(token(**{claim: None}))

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-service"},
        {"aud": []},
        {"exp": 1},
        {"exp": "soon"},
        {"nbf": 2**33},
        {"sub": ""},
        {"sub": "a\nb"},
        {"sub": "x" * 256},
        {"sub": 7},
        {"sub": ["alice"]},
        {"token_use": "id"},
        {"typ": "Refresh"},
        {"scope": 7},
    ],
    ids=str,
)
async def test_a_wrong_claim_is_refused(ask: Ask, token: Token, wrong: dict[str, Any]) -> None:
    assert (await ask(token(**wrong))).status_code == 401


async def test_clocks_may_differ_by_the_leeway(ask: Ask, token: Token) -> None:
    now = int(time.time())

    assert (await ask(token(exp=now - 5))).status_code == 200
    assert (await ask(token(exp=now - 60))).status_code == 401


async def test_an_unsigned_token_is_refused(ask: Ask, app: FastAPI, claims: dict[str, Any]) -> None:
    kid = app.state.verifier.keys.kid

    for algorithm in ("none", "None", "NONE", "EdDSA"):
        answer = await ask(unsigned({"alg": algorithm, "kid": kid}, claims))
        assert answer.status_code == 401


async def test_a_public_key_is_no_shared_secret(
    ask: Ask, app: FastAPI, claims: dict[str, Any]
) -> None:
    keys = app.state.verifier.keys
    public = (await keys.find(keys.kid)).key
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    forged = jwt.encode(claims, raw, algorithm="HS256", headers={"kid": keys.kid})

    assert (await ask(forged)).status_code == 401


@pytest.mark.parametrize("kind", ["EdDSA", "ES256", "RS256"])
async def test_a_key_of_a_stranger_is_refused(
    ask: Ask, app: FastAPI, claims: dict[str, Any], kind: str
) -> None:
    makes: dict[str, Callable[[], Any]] = {
        "EdDSA": ed25519.Ed25519PrivateKey.generate,
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "RS256": lambda: rsa.generate_private_key(65537, 2048),
    }
    made = makes[kind]()
    jwk = {"jku": "http://127.0.0.1:1/jwks", "x5u": "http://127.0.0.1:1/cert"}

    for kid in (app.state.verifier.keys.kid, "unknown", "../../etc/passwd"):
        forged = jwt.encode(claims, made, algorithm=kind, headers={"kid": kid, **jwk})
        assert (await ask(forged)).status_code == 401


@pytest.mark.parametrize(
    "garbage", ["a", "a.b.c", "..", "e30.e30.", "x" * 10_000, "[" * 3000 + ".e30.e30"]
)
async def test_garbage_is_refused(ask: Ask, garbage: str) -> None:
    assert (await ask(garbage)).status_code == 401


async def test_a_refused_token_is_told_nothing_about_why(ask: Ask, token: Token) -> None:
    answers = [await ask(token(exp=1)), await ask(token(aud="x")), await ask("a.b.c")]

    told = [{**answer.json(), "request_id": ""} for answer in answers]
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize(
    ("lives", "later", "remembered"), [(600, 59, True), (600, 61, False), (10, 11, False)]
)
async def test_a_verified_token_is_remembered_for_a_minute_and_not_past_its_end(
    app: FastAPI,
    token: Token,
    monkeypatch: pytest.MonkeyPatch,
    lives: int,
    later: int,
    remembered: bool,
) -> None:
    checks = app.state.verifier
    good = token(exp=int(time.time()) + lives)
    first = await checks.caller(good)

    monkeypatch.setattr(checks, "_clock", lambda: time.time() + later)
    again = await checks.caller(good)

    assert (again is first) is remembered


async def test_no_number_of_tokens_fills_the_memory(
    app: FastAPI, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "_CACHED_TOKENS", 3)
    before = len(app.state.verifier._cache)

    for n in range(10):
        await app.state.verifier.caller(token(sub=f"caller-{n}"))

    assert len(app.state.verifier._cache) <= max(3, before)


async def test_every_operation_asks_for_a_token(anonymous: AsyncClient, app: FastAPI) -> None:
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            answer = await anonymous.request(method, re.sub(r"{\w+}", str(uuid4()), path), json={})
            assert answer.status_code == 401, (method, path)
