"""An OpenID provider: code flow with PKCE, refresh, and logout started on either side."""

import asyncio
import base64
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256, sha512
from hmac import compare_digest
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx2
import jwt
import structlog
from pydantic import SecretStr

from ...chassis.errors import UnavailableError
from ...chassis.keys import RemoteKeys
from .provider import (
    Challenge,
    Grant,
    ProviderUnavailableError,
    RefreshRefusedError,
    SignInRefusedError,
    Tokens,
)

log = structlog.get_logger()

_METADATA_SECONDS = 3600.0
_SECONDS_BETWEEN_TRIES = 5.0
_SECONDS = 5.0
_REVOKE_SECONDS = 2.0
_SUBJECT = re.compile(r"[!-~]{1,255}")
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LONGEST_LOGOUT_TOKEN_AGE = 300.0
_HALF_HASHED_BY = {"RS256": sha256, "ES256": sha256, "EdDSA": sha512}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What the provider knows us by, and what we ask of it."""

    issuer: str
    client_id: str
    client_secret: SecretStr | None
    redirect_uri: str
    home: str
    scopes: Sequence[str]
    prompt: str = ""
    resource: str = ""
    algorithms: Sequence[str] = ("RS256", "ES256", "EdDSA")
    leeway: float = 30.0


class _InvalidError(ValueError):
    """A token or an answer is not what it has to be; the text is for our log."""


class OpenIdProvider:
    def __init__(self, ours: Registration, clock: Callable[[], float] = time.time) -> None:
        self._ours, self._clock = ours, clock
        self._http = httpx2.AsyncClient(timeout=_SECONDS, trust_env=False)
        self._found: tuple[float, dict[str, Any], RemoteKeys] | None = None
        self._finding = asyncio.Lock()
        self._tried_at = float("-inf")

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self._http:
            yield

    # --- Sign-in ---------------------------------------------------------------------

    async def where(self, challenge: Challenge) -> str:
        metadata, _ = await self._discovered()
        digest = sha256(challenge.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._ours.client_id,
            "redirect_uri": self._ours.redirect_uri,
            "scope": " ".join(self._ours.scopes),
            "state": challenge.state,
            "nonce": challenge.nonce,
            "code_challenge": _base64url(digest),
            "code_challenge_method": "S256",
            "prompt": self._ours.prompt,
            "resource": self._ours.resource,
        }
        return _with_query(metadata["authorization_endpoint"], asked)

    async def exchange(self, answer: dict[str, str], challenge: Challenge) -> Grant:
        metadata, _ = await self._discovered()
        told = answer.get("iss")
        promised = metadata.get("authorization_response_iss_parameter_supported") is True
        if (told or promised) and told != self._ours.issuer:  # RFC 9207: another one's answer
            raise SignInRefusedError("the answer is not from the provider that was asked")
        try:
            found = await self._token(
                grant_type="authorization_code",
                code=answer.get("code", ""),
                redirect_uri=self._ours.redirect_uri,
                code_verifier=challenge.verifier,
            )
            claims = await self._identity(found, nonce=challenge.nonce)
            return Grant(
                subject=claims["sub"],
                tokens=self._tokens(found, claims),
                provider_session=_text(claims.get("sid")),
            )
        except RefreshRefusedError:
            raise SignInRefusedError("the provider refused the code: sign in again") from None
        except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
            log.warning("identity_refused", reason=_reason(error))
            raise SignInRefusedError("the provider's answer cannot be trusted") from None

    # --- Refresh, logout -------------------------------------------------------------

    async def refresh(self, tokens: Tokens, *, subject: str) -> Tokens:
        if tokens.refresh_token is None:
            raise RefreshRefusedError
        found = await self._token(grant_type="refresh_token", refresh_token=tokens.refresh_token)
        try:
            claims = await self._same_identity(found, subject)
            return self._tokens(found, claims, before=tokens)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
            log.warning("identity_refused", reason=_reason(error))
            raise RefreshRefusedError from None

    async def _same_identity(self, found: dict[str, Any], subject: str) -> dict[str, Any]:
        """The claims of a new ID token, if there is one that can be checked."""
        if "id_token" not in found:
            return {}
        try:
            claims = await self._identity(found)
        except UnavailableError:
            # No keys just now. The refresh token is used up: what came for it has to do.
            del found["id_token"]
            return {}
        if claims["sub"] != subject:
            raise _InvalidError("another subject")
        return claims

    async def revoke(self, tokens: Tokens) -> None:
        with suppress(UnavailableError, httpx2.HTTPError, TimeoutError):
            metadata, _ = await self._discovered()
            if (url := metadata.get("revocation_endpoint")) and tokens.refresh_token:
                form = {"token": tokens.refresh_token, "token_type_hint": "refresh_token"}
                async with asyncio.timeout(_REVOKE_SECONDS):
                    await self._post(url, form, metadata)

    async def farewell(self, tokens: Tokens) -> str:
        try:
            metadata, _ = await self._discovered()
        except UnavailableError:
            return self._ours.home
        if not (url := metadata.get("end_session_endpoint")):
            return self._ours.home
        asked = {
            "id_token_hint": tokens.id_token or "",
            "client_id": self._ours.client_id,
            "post_logout_redirect_uri": self._ours.home,
        }
        return _with_query(url, asked)

    async def ended(self, logout_token: str) -> tuple[str | None, str | None]:
        """The `sid` and the `sub` that a logout token names; raises SignInRefusedError."""
        try:
            claims = await self._verified(logout_token, types={"jwt", "logout+jwt"})
            if _LOGOUT_EVENT not in claims["events"] or "nonce" in claims:
                raise _InvalidError("no logout token")
            if abs(self._clock() - float(claims["iat"])) > _LONGEST_LOGOUT_TOKEN_AGE:
                raise _InvalidError("too old")
            sid, subject = _text(claims.get("sid")), _text(claims.get("sub"))
            if not sid and not subject:
                raise _InvalidError("it names nobody")
        except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
            log.warning("logout_token_refused", reason=_reason(error))
            raise SignInRefusedError("this is no logout token for this service") from None
        return sid, subject

    # --- What the provider says ------------------------------------------------------

    async def _discovered(self) -> tuple[dict[str, Any], RemoteKeys]:
        """Its metadata, kept for an hour, and longer while it cannot be had anew."""
        async with self._finding:
            if self._found is None or self._clock() - self._found[0] > _METADATA_SECONDS:
                await self._discover()
            if self._found is None:
                raise ProviderUnavailableError("the provider does not answer just now")
            _, known, keys = self._found
            return known, keys

    async def _discover(self) -> None:
        if self._clock() - self._tried_at < _SECONDS_BETWEEN_TRIES:
            return  # those who wait in line must not all wait for a provider that is away
        try:
            metadata = await self._metadata()
        except (httpx2.HTTPError, TimeoutError, ValueError, TypeError) as error:
            self._tried_at = self._clock()
            log.warning("provider_not_discovered", error=_reason(error))
        else:
            self._found = (self._clock(), metadata, self._keys(metadata))

    async def _metadata(self) -> dict[str, Any]:
        url = f"{self._ours.issuer.rstrip('/')}/.well-known/openid-configuration"
        async with asyncio.timeout(_SECONDS):
            metadata = (await self._http.get(url)).raise_for_status().json()
        if not isinstance(metadata, dict) or metadata.get("issuer") != self._ours.issuer:
            raise _InvalidError("it names another issuer")
        for endpoint in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(metadata.get(endpoint), str):
                raise _InvalidError(f"no {endpoint}")
            if urlsplit(self._ours.issuer).scheme == "https" != urlsplit(metadata[endpoint]).scheme:
                raise _InvalidError(f"{endpoint} is not `https`")
        return metadata

    def _keys(self, metadata: Mapping[str, Any]) -> RemoteKeys:
        if self._found and self._found[1]["jwks_uri"] == metadata["jwks_uri"]:
            return self._found[2]
        return RemoteKeys(
            metadata["jwks_uri"], algorithms=self._ours.algorithms, refresh_seconds=300
        )

    async def _token(self, **form: str) -> dict[str, Any]:
        """Raises RefreshRefusedError for what the provider refuses for good."""
        metadata, _ = await self._discovered()
        if self._ours.resource:
            form["resource"] = self._ours.resource
        try:
            async with asyncio.timeout(_SECONDS):
                answer = await self._post(metadata["token_endpoint"], form, metadata)
            found = answer.json()
        except (httpx2.HTTPError, TimeoutError, ValueError) as error:
            log.warning("provider_failed", error=type(error).__name__)
            raise ProviderUnavailableError("the provider does not answer just now") from None
        if answer.status_code == 200 and isinstance(found, dict):
            return found
        refused = found.get("error") if isinstance(found, dict) else None
        log.warning("provider_refused", status=answer.status_code, error=_text(refused))
        if refused == "invalid_grant":
            raise RefreshRefusedError
        # Our own credentials or settings are wrong: no reason to end anybody's session.
        raise ProviderUnavailableError("the provider refuses this service")

    async def _post(
        self, url: str, form: dict[str, str], metadata: Mapping[str, Any]
    ) -> httpx2.Response:
        secret = self._ours.client_secret
        if secret is None:
            return await self._http.post(url, data={**form, "client_id": self._ours.client_id})
        told = secret.get_secret_value()
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" in methods:
            # RFC 6749 wants both form-encoded first.
            login = (quote_plus(self._ours.client_id), quote_plus(told))
            return await self._http.post(url, data=form, auth=login)
        own = {"client_id": self._ours.client_id, "client_secret": told}
        return await self._http.post(url, data={**form, **own})

    def _tokens(
        self, found: dict[str, Any], claims: dict[str, Any], before: Tokens | None = None
    ) -> Tokens:
        """Raises ValueError, TypeError or KeyError for what is no answer of a token endpoint."""
        if str(found.get("token_type", "")).lower() != "bearer":
            raise _InvalidError("no bearer token")
        old = before or Tokens(access_token="", scopes=tuple(self._ours.scopes))
        seconds, scope = found.get("expires_in"), _text(found.get("scope"))
        access_token = _text(found["access_token"])
        if not access_token:
            raise _InvalidError("no access token")
        return Tokens(
            access_token=access_token,
            refresh_token=_text(found.get("refresh_token")) or old.refresh_token,
            id_token=_text(found.get("id_token")) or old.id_token,
            ends=None if seconds is None else self._clock() + float(seconds),
            scopes=old.scopes if scope is None else tuple(scope.split()),
            name=_text(claims.get("name")) or old.name,
        )

    async def _identity(self, found: dict[str, Any], nonce: str | None = None) -> dict[str, Any]:
        """The claims of the ID token, checked as OpenID Connect Core 3.1.3.7 says."""
        token = found["id_token"]
        claims = await self._verified(token, types={"jwt"})
        if nonce is not None and not compare_digest(
            str(claims.get("nonce", "")).encode(), nonce.encode()
        ):
            raise _InvalidError("another nonce")
        if not isinstance(claims["sub"], str) or not _SUBJECT.fullmatch(claims["sub"]):
            raise _InvalidError("no subject")
        if (at_hash := claims.get("at_hash")) is not None:
            algorithm = jwt.get_unverified_header(token)["alg"]
            digest = _HALF_HASHED_BY[algorithm](str(found["access_token"]).encode()).digest()
            if at_hash != _base64url(digest[: len(digest) // 2]):
                raise _InvalidError("another access token")
        return claims

    async def _verified(self, token: str, *, types: set[str]) -> dict[str, Any]:
        _, keys = await self._discovered()
        header = jwt.get_unverified_header(token)
        if str(header.get("typ", "jwt")).lower().removeprefix("application/") not in types:
            raise _InvalidError("another type of token")
        key = await keys.find(str(header.get("kid", "")))
        # The key says which algorithm it is for, never the token.
        if key is None or header.get("alg") != key.algorithm_name:
            raise _InvalidError("unknown key")
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
            raise _InvalidError("for another party")
        return claims


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _with_query(url: str, parameters: Mapping[str, str]) -> str:
    given = {name: value for name, value in parameters.items() if value}
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(given)}"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, _InvalidError) else type(error).__name__
