"""ID tokens and logout tokens of an OpenID provider: who signed them, and for whom."""

import re
from collections.abc import Callable
from hashlib import sha256, sha512
from hmac import compare_digest
from typing import Any

import jwt
import structlog

from .metadata import Metadata
from .provider import SignInRefusedError
from .registration import InvalidAnswerError, Registration, base64url, reason, text

log = structlog.get_logger()

UNTRUSTED = (jwt.PyJWTError, ValueError, TypeError, KeyError)
"""What the checks raise."""
_SUBJECT = re.compile(r"[!-~]{1,255}")
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LONGEST_LOGOUT_TOKEN_AGE = 300.0
_HALF_HASHED_BY = {"RS256": sha256, "ES256": sha256, "EdDSA": sha512}


class Identities:
    def __init__(self, ours: Registration, metadata: Metadata, clock: Callable[[], float]) -> None:
        self._ours, self._metadata, self._clock = ours, metadata, clock

    async def check(self, found: dict[str, Any], nonce: str | None = None) -> dict[str, Any]:
        """The claims of the ID token, checked as OpenID Connect Core 3.1.3.7 says."""
        token = found["id_token"]
        claims = await self._verified(token, types={"jwt"})
        if nonce is not None and not compare_digest(
            str(claims.get("nonce", "")).encode(), nonce.encode()
        ):
            raise InvalidAnswerError("another nonce")
        if not isinstance(claims["sub"], str) or not _SUBJECT.fullmatch(claims["sub"]):
            raise InvalidAnswerError("no subject")
        if (at_hash := claims.get("at_hash")) is not None:
            algorithm = jwt.get_unverified_header(token)["alg"]
            digest = _HALF_HASHED_BY[algorithm](str(found["access_token"]).encode()).digest()
            if at_hash != base64url(digest[: len(digest) // 2]):
                raise InvalidAnswerError("another access token")
        return claims

    async def ended(self, logout_token: str) -> tuple[str | None, str | None]:
        """The `sid` and the `sub` that a logout token names; raises SignInRefusedError."""
        try:
            claims = await self._verified(logout_token, types={"jwt", "logout+jwt"})
            if _LOGOUT_EVENT not in claims["events"] or "nonce" in claims:
                raise InvalidAnswerError("no logout token")
            if abs(self._clock() - float(claims["iat"])) > _LONGEST_LOGOUT_TOKEN_AGE:
                raise InvalidAnswerError("too old")
            sid, subject = text(claims.get("sid")), text(claims.get("sub"))
            if not sid and not subject:
                raise InvalidAnswerError("it names nobody")
        except UNTRUSTED as error:
            log.warning("logout_token_refused", reason=reason(error))
            raise SignInRefusedError("this is no logout token for this service") from None
        return sid, subject

    async def _verified(self, token: str, *, types: set[str]) -> dict[str, Any]:
        _, keys = await self._metadata.get()
        header = jwt.get_unverified_header(token)
        if str(header.get("typ", "jwt")).lower().removeprefix("application/") not in types:
            raise InvalidAnswerError("another type of token")
        key = await keys.find(str(header.get("kid", "")))
        # The key says which algorithm it is for, never the token.
        if key is None or header.get("alg") != key.algorithm_name:
            raise InvalidAnswerError("unknown key")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(self._ours.algorithms),
            audience=self._ours.client_id,
            issuer=self._ours.issuer,
            leeway=self._ours.leeway,
            options={"require": ["iss", "aud", "exp", "iat"]},
        )
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self._ours.client_id:
            raise InvalidAnswerError("for another party")
        return claims
