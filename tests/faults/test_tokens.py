"""Forged, foreign, stale and absurd tokens; and the issuer that is not always there."""

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from .conftest import Make
from .issuer import AUDIENCE, ISSUER, Issuer, claims, order
from .service import MARK, Answer, Client, running, together, wait_until

DEEP = "[" * 1500 + "]" * 1500

GOOD = {
    "EdDSA": order("ed"),
    "ES256": order("ec"),
    "RS256": order("rsa"),
    "typ JWT": order(header={"typ": "JWT"}),
    "no typ": order(header={"typ": None}),
    "several audiences": order(aud=["other", AUDIENCE]),
    "scp list": order(scope=None, scp=["orders:read", "orders:write"]),
    "just expired": order(exp=lambda: -5),
    "late": order("late"),
}


def wrong(name: str, values: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """Give a token for each of these values of one claim; None leaves the claim out."""
    changes: list[dict[str, Any]] = [{name: value} for value in values]
    return {f"{name} is {change[name]!r:.20}": order(**change) for change in changes}


REFUSED = {
    **wrong("iss", [None, "", 7, {"a": MARK}, [], True]),
    **wrong("aud", [None, "", 7, {"a": MARK}, [], True]),
    **wrong("sub", [None, "", 7, {"a": MARK}, [], True]),
    **wrong("sub", ["a b", "é", "\x00", "a\n", "\ud800", "x" * 256, "'; DROP TABLE orders --"]),
    **wrong("exp", [None, MARK, -1, 0, "", [], {}, False]),
    **wrong("exp", [1e400, -1e400, float("nan"), 10**400]),
    **wrong("nbf", [2**33, MARK, 1e400, []]),
    **wrong("iat", [2**33, MARK, 1e400, []]),
    "foreign iss": order(iss="https://evil.example/"),
    "iss with another end": order(iss=ISSUER.rstrip("/")),
    "iss in a list": order(iss=[ISSUER]),
    "foreign aud": order(aud="other-service"),
    "foreign audiences": order(aud=["a", "b"]),
    "audience as a prefix": order(aud=AUDIENCE + "-2"),
    "expired": order(exp=lambda: -3600),
    "none": order(alg="none"),
    "None": order(alg="None"),
    "no alg": order(header={"alg": None}),
    **{
        f"HS256 with the public key {key}": order(key, alg="HS256")
        for key in ("ed", "ec", "rsa")
    },
    "HS256 under RS256's name": order("rsa", alg="HS256", header={"alg": "RS256"}),
    "RS256 under ES256's name": order("rsa", header={"alg": "ES256"}),
    "ES256 under RS256's name": order("ec", header={"alg": "RS256"}),
    "EdDSA with the kid of the RSA key": order("ed", header={"kid": "rsa"}),
    "RS256 with the kid of the EC key": order("rsa", header={"kid": "ec"}),
    "an algorithm of another name": order("ed", header={"alg": "Ed25519X"}),
    "unknown kid": order("foreign"),
    "foreign key under a known kid": order("foreign", header={"kid": "ed"}),
    "no kid": order(header={"kid": None}),
    "empty kid": order(header={"kid": ""}),
    "kid of another type": order(header={"kid": 7}),
    "kid of a path": order(header={"kid": f"../../{MARK}"}),
    "kid of a query": order(header={"kid": "' UNION SELECT 1 --"}),
    "crit": order(header={"crit": ["exp"]}),
    "unencoded payload": order(header={"b64": False, "crit": ["b64"]}),
    "ID token by typ": order(header={"typ": "id+jwt"}),
    "logout token": order(header={"typ": "logout+jwt"}),
    "refresh token": order(header={"typ": "refresh+jwt"}),
    "typ of another type": order(header={"typ": ["at+jwt"]}),
    "Keycloak's ID token": order(typ="ID"),
    "Keycloak's refresh token": order(typ="Refresh"),
    "Cognito's ID token": order(token_use="id"),
    "scope is a number": order(scope=7),
    "scope is an object": order(scope={"orders:read": True}),
    "scope is null": order(raw={**claims(), "scope": None}),
    "claims are a list": order(raw=[MARK]),
    "claims are a string": order(raw=f'"{MARK}"'),
    "claims are no JSON": order(raw=MARK),
    "claims are deep": order(raw=DEEP),
    "claims are NaN": order(raw="NaN"),
    "oversized": order(padding=MARK * 2000),
}
# An embedded key is not looked at: the token is judged by the issuer's keys alone.
EMBEDDED = ("jwk", "jku", "x5u", "x5c")
POWERLESS = {
    "scope holds no strings": order(scope=[7, None, ["orders:read"]]),
    "scope is of another case": order(scope="ORDERS:READ"),
    "scope is a prefix": order(scope="orders:readers orders"),
    "scope by commas": order(scope="orders:read,orders:write"),
}


@pytest.fixture(scope="module")
def issuer(project: Path) -> Iterator[Issuer]:
    embedded = {
        f"embedded {name}": order(
            "foreign", header={name: f"http://127.0.0.1:9/{MARK}", "kid": "ed"}
        )
        for name in EMBEDDED
    }
    issuer = Issuer(project, {**GOOD, **REFUSED, **POWERLESS, **embedded})
    with issuer.reachable():
        yield issuer


@pytest.fixture(scope="module")
def client(issuer: Issuer, make: Make) -> Iterator[Client]:
    with running(make(**issuer.settings)) as service:
        yield service.client("")


def with_token(client: Client, token: str) -> Answer:
    return client.get("/orders", authorization=f"Bearer {token}")


@pytest.mark.parametrize("name", [name for name in GOOD if name != "late"])
def test_a_good_token_is_accepted(client: Client, issuer: Issuer, name: str) -> None:
    assert with_token(client, issuer.tokens[name]).status == 200


@pytest.mark.parametrize("name", [*REFUSED, *(f"embedded {name}" for name in EMBEDDED)])
def test_a_bad_token_is_refused(client: Client, issuer: Issuer, name: str) -> None:
    answer = with_token(client, issuer.tokens[name])

    assert answer.status == 401
    assert answer.is_problem
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert MARK.encode() not in answer.body
    assert with_token(client, issuer.tokens[name]).status == 401


@pytest.mark.parametrize("name", POWERLESS)
def test_a_token_without_a_proper_scope_is_403(
    client: Client, issuer: Issuer, name: str
) -> None:
    answer = with_token(client, issuer.tokens[name])

    assert answer.status == 403
    assert answer.is_problem


@pytest.mark.parametrize(
    "change", ["signature", "payload", "header", "no signature", "a fourth part"]
)
def test_a_token_changed_on_its_way_is_refused(
    client: Client, issuer: Issuer, change: str
) -> None:
    header, payload, signature = issuer.tokens["EdDSA"].split(".")
    other = issuer.tokens["several audiences"].split(".")
    changed = {
        "signature": f"{header}.{payload}.{other[2]}",
        "payload": f"{header}.{other[1]}.{signature}",
        "header": f"{issuer.tokens['ES256'].split('.')[0]}.{payload}.{signature}",
        "no signature": f"{header}.{payload}.",
        "a fourth part": f"{header}.{payload}.{signature}.{signature}",
    }

    assert with_token(client, changed[change]).status == 401


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic dTpw",
        f"Bearer {MARK}",
        "Bearer a.b.c",
        "Bearer ...",
        "Token x",
        "Bearer \xe9\xff",
        "Bearer " + "." * 9000,
        "Bearer " + "a" * 60_000,
        f"Bearer {MARK} {MARK}",
        "bearer\teyJ",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Bearer W10.W10.W10",
        "Bearer bnVsbA.bnVsbA.AA",
    ],
)
def test_an_authorization_that_is_none_is_refused(client: Client, value: str) -> None:
    answer = client.get("/orders", authorization=value)

    assert answer.status == 401
    assert answer.is_problem
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert MARK.encode() not in answer.body


def test_strangers_cannot_make_us_ask_the_issuer_often(client: Client, issuer: Issuer) -> None:
    before, began = issuer.fetches, time.monotonic()

    for _ in range(30):
        with_token(client, issuer.tokens["unknown kid"])

    allowed = 1 + (time.monotonic() - began) // 10
    assert issuer.fetches - before <= allowed


def test_keys_come_and_go_with_the_issuer(project: Path, make: Make) -> None:
    orders = {"EdDSA": order("ed"), "ES256": order("ec"), "late": order("late")}
    orders["several audiences"] = GOOD["several audiences"]
    issuer = Issuer(project, orders)
    service = make(**issuer.settings)
    with running(service, ready="/livez"):

        def asked(name: str) -> Answer:
            return with_token(service.client(""), issuer.tokens[name])

        # Down at the start.
        assert service.status("/readyz") == 503
        assert asked("EdDSA").is_unavailable
        assert service.client("").get("/orders").status == 401

        with issuer.reachable():
            wait_until(lambda: service.status("/readyz") == 200, service.told, seconds=15)
            assert asked("EdDSA").status == 200
            fetched = issuer.fetches
            together([lambda: asked("ES256")] * 10)
            assert issuer.fetches == fetched, "known keys are not asked for again"

        # Unreachable: known keys stay, unknown ones are refused.
        time.sleep(11)
        assert asked("EdDSA").status == 200
        assert asked("late").status == 401
        assert service.status("/readyz") == 200

        # A new key is found, a withdrawn one dies, though nobody used the service meanwhile.
        issuer.published = ["ec", "late"]
        with issuer.reachable():
            time.sleep(12)
            assert asked("several audiences").status == 401
            assert asked("EdDSA").status == 401
            assert asked("late").status == 200


NONSENSE = (
    b"",
    b"[]",
    b"5",
    b"null",
    b'{"keys": 5}',
    b'{"keys": [5]}',
    b'{"keys": [{}]}',
    b"\xff\xfe",
    b'{"keys": []}',
    b'{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "ed"}]}',
    b"[" * 100_000,
    b'{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "ed"}]}',
    b'{"keys": [{"kty": "RSA", "n": 7, "e": "AQAB", "kid": "ed"}]}',
    b'{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "ed"}]}',
    b'{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "%%", "kid": ["ed"]}]}',
)
ASK = """
import asyncio, json, sys
from my_service.chassis.errors import UnavailableError
from my_service.chassis.keys import RemoteKeys

async def told(url):
    try:
        keys = RemoteKeys(url, algorithms=["RS256", "ES256", "EdDSA"], refresh_seconds=10)
        return await keys.find("x")
    except Exception as error:
        return isinstance(error, UnavailableError) or f"{url}: {error!r}"

print(json.dumps([asyncio.run(told(url)) for url in sys.argv[1:]]))
"""


def test_an_issuer_that_talks_nonsense_is_as_good_as_away(
    issuer: Issuer, project: Path
) -> None:
    issuer.nonsense = NONSENSE
    paths = [*map(str, range(len(NONSENSE))), "silent", "cut"]
    urls = [issuer.url.replace("jwks.json", path) for path in paths]

    said = subprocess.run(
        [project / ".venv/bin/python", "-c", ASK, *urls], capture_output=True, check=True
    )

    told = json.loads(said.stdout.splitlines()[-1])
    assert [answer for answer in told if answer not in (True, None)] == []
