"""A small OpenID provider on a real socket, with real keys; it misbehaves as told."""

import asyncio
import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

from ...chassis.http.servers import Server

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
Claims = dict[str, Any]


class Key:
    def __init__(self, kid: str = "one") -> None:
        self._private, self.kid = generate_private_key(SECP256R1()), kid
        public = ECAlgorithm.to_jwk(self._private.public_key(), as_dict=True)
        self.public = {**public, "kid": kid, "alg": "ES256", "use": "sig"}

    def sign(self, claims: Claims, **headers: Any) -> str:
        return jwt.encode(claims, self._private, "ES256", {"kid": self.kid, **headers})


@dataclass
class OpenId:
    """`subject` signs in at `/authorize`; `changes` and `forge` spoil the next ID tokens."""

    subject: str = "alice"
    sid: str = "at-provider-1"
    expires_in: int = 3600
    scope: str = "openid screens:read screens:write"
    key: Key = field(default_factory=Key)
    changes: Claims = field(default_factory=dict)
    forge: Callable[[Claims], str] | None = None
    more_metadata: Claims = field(default_factory=dict)
    reuses_codes: bool = False
    down: bool = False
    refreshes: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    hold: asyncio.Event | None = None
    refreshing: asyncio.Event = field(default_factory=asyncio.Event)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    url: str = ""

    async def __call__(self, server: Server, writer: asyncio.StreamWriter) -> None:
        _, target, _ = server.heads[-1].split(" ", 2)
        form, path = dict(parse_qsl(server.bodies[-1].decode())), urlsplit(target)
        if self.down:
            writer.transport.abort()
            return
        if form.get("grant_type") == "refresh_token":
            self.refreshing.set()
            if self.hold:
                await self.hold.wait()
        status, headers, body = self._answer(path.path, dict(parse_qsl(path.query)), form)
        head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    def _answer(self, path: str, query: dict[str, str], form: dict[str, str]) -> Any:
        if path == "/.well-known/openid-configuration":
            return 200, "", orjson.dumps(self._metadata())
        if path == "/jwks":
            return 200, "", orjson.dumps({"keys": [self.key.public]})
        if path == "/authorize":
            return 302, f"location: {self._authorized(query)}\r\n", b""
        if path == "/revoke":
            self.revoked.append(form["token"])
            return 200, "", b""
        status, answer = self._token(form)
        return status, "content-type: application/json\r\n", orjson.dumps(answer)

    def _metadata(self) -> Claims:
        ends = {f"{name}_endpoint": f"{self.url}/{path}" for name, path in _ENDPOINTS.items()}
        return {"issuer": self.url, **ends, "jwks_uri": f"{self.url}/jwks", **self.more_metadata}

    def _authorized(self, query: dict[str, str]) -> str:
        self.asked.append(query)
        code = token_urlsafe(16)
        self._codes[code] = {**query, "sub": self.subject}
        answer = {"code": code, "state": query["state"], "iss": self.url}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def _token(self, form: dict[str, str]) -> tuple[int, Claims]:
        if form["grant_type"] == "refresh_token":
            return self._refreshed(form)
        asked = self._codes.get(form["code"], None)
        if not self.reuses_codes:
            self._codes.pop(form["code"], None)
        challenge = _base64url(sha256(form["code_verifier"].encode()).digest())
        if asked is None or asked["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        if asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, self._granted(asked["sub"], nonce=asked["nonce"])

    def _refreshed(self, form: dict[str, str]) -> tuple[int, Claims]:
        """Each refresh token is good for once, and the next one comes with the answer."""
        self.refreshes += 1
        subject = self.refresh_tokens.pop(form["refresh_token"], None)
        if subject is None:
            return 400, {"error": "invalid_grant"}
        return 200, self._granted(subject)

    def _granted(self, subject: str, **more: Any) -> Claims:
        access, refresh = f"access-{subject}-{token_urlsafe(8)}", f"refresh-{token_urlsafe(8)}"
        self.refresh_tokens[refresh] = subject
        half = sha256(access.encode()).digest()[:16]
        claims = {**self.claims(subject), "at_hash": _base64url(half), **more, **self.changes}
        present = {name: value for name, value in claims.items() if value is not None}
        return {
            "token_type": "Bearer",
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": self.expires_in,
            "scope": self.scope,
            "id_token": self.forge(present) if self.forge else self.key.sign(present),
        }

    def claims(self, subject: str) -> Claims:
        now = int(time.time())
        return {
            "iss": self.url,
            "aud": "the-client",
            "sub": subject,
            "sid": self.sid,
            "iat": now,
            "exp": now + 300,
        }

    def logout_token(self, *, typ: str = "logout+jwt", **changes: Any) -> str:
        claims = {**self.claims(self.subject), "events": {LOGOUT_EVENT: {}}, **changes}
        present = {name: value for name, value in claims.items() if value is not None}
        return self.key.sign(present, typ=typ)


_ENDPOINTS = {
    "authorization": "authorize",
    "token": "token",
    "revocation": "revoke",
    "end_session": "end",
}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
