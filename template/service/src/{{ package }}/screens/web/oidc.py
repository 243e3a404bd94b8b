"""An OpenID provider: code flow with PKCE, refresh, and logout started on either side."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus

import httpx2
import structlog

from ...chassis.errors import UnavailableError
from .identity import UNTRUSTED, Identities
from .metadata import Metadata
from .provider import (
    Challenge,
    Grant,
    ProviderUnavailableError,
    RefreshRefusedError,
    SignInRefusedError,
    Tokens,
)
from .registration import InvalidAnswerError, Registration, base64url, reason, text, with_query

log = structlog.get_logger()

_SECONDS = 5.0
_REVOKE_SECONDS = 2.0


class OpenIdProvider:
    def __init__(self, ours: Registration, clock: Callable[[], float] = time.time) -> None:
        self._ours, self._clock = ours, clock
        self._http = httpx2.AsyncClient(timeout=_SECONDS, trust_env=False)
        self.metadata = Metadata(ours, self._http, clock)
        self._identities = Identities(ours, self.metadata, clock)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self._http:
            yield

    # --- Sign-in ---------------------------------------------------------------------

    async def where(self, challenge: Challenge) -> str:
        metadata, _ = await self.metadata.get()
        digest = sha256(challenge.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._ours.client_id,
            "redirect_uri": self._ours.redirect_uri,
            "scope": " ".join(self._ours.scopes),
            "state": challenge.state,
            "nonce": challenge.nonce,
            "code_challenge": base64url(digest),
            "code_challenge_method": "S256",
            "prompt": self._ours.prompt,
            "resource": self._ours.resource,
        }
        return with_query(metadata["authorization_endpoint"], asked)

    async def exchange(self, answer: dict[str, str], challenge: Challenge) -> Grant:
        metadata, _ = await self.metadata.get()
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
            claims = await self._identities.check(found, nonce=challenge.nonce)
            return Grant(
                subject=claims["sub"],
                tokens=self._tokens(found, claims),
                provider_session=text(claims.get("sid")),
            )
        except RefreshRefusedError:
            raise SignInRefusedError("the provider refused the code: sign in again") from None
        except UNTRUSTED as error:
            log.warning("identity_refused", reason=reason(error))
            raise SignInRefusedError("the provider's answer cannot be trusted") from None

    # --- Refresh, logout -------------------------------------------------------------

    async def refresh(self, tokens: Tokens, *, subject: str) -> Tokens:
        if tokens.refresh_token is None:
            raise RefreshRefusedError
        found = await self._token(grant_type="refresh_token", refresh_token=tokens.refresh_token)
        try:
            claims = await self._same_identity(found, subject)
            return self._tokens(found, claims, before=tokens)
        except UNTRUSTED as error:
            log.warning("identity_refused", reason=reason(error))
            raise RefreshRefusedError from None

    async def _same_identity(self, found: dict[str, Any], subject: str) -> dict[str, Any]:
        """The claims of a new ID token, if there is one that can be checked."""
        if "id_token" not in found:
            return {}
        try:
            claims = await self._identities.check(found)
        except UnavailableError:
            # No keys just now. The refresh token is used up: what came for it has to do.
            del found["id_token"]
            return {}
        if claims["sub"] != subject:
            raise InvalidAnswerError("another subject")
        return claims

    async def revoke(self, tokens: Tokens) -> None:
        with suppress(UnavailableError, httpx2.HTTPError, TimeoutError):
            metadata, _ = await self.metadata.get()
            if (url := metadata.get("revocation_endpoint")) and tokens.refresh_token:
                form = {"token": tokens.refresh_token, "token_type_hint": "refresh_token"}
                async with asyncio.timeout(_REVOKE_SECONDS):
                    await self._post(url, form, metadata)

    async def farewell(self, tokens: Tokens) -> str:
        try:
            metadata, _ = await self.metadata.get()
        except UnavailableError:
            return self._ours.home
        if not (url := metadata.get("end_session_endpoint")):
            return self._ours.home
        asked = {
            "id_token_hint": tokens.id_token or "",
            "client_id": self._ours.client_id,
            "post_logout_redirect_uri": self._ours.home,
        }
        return with_query(url, asked)

    async def ended(self, logout_token: str) -> tuple[str | None, str | None]:
        """The `sid` and the `sub` that a logout token names; raises SignInRefusedError."""
        return await self._identities.ended(logout_token)

    # --- The token endpoint ----------------------------------------------------------

    async def _token(self, **form: str) -> dict[str, Any]:
        """Raises RefreshRefusedError for what the provider refuses for good."""
        metadata, _ = await self.metadata.get()
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
        log.warning("provider_refused", status=answer.status_code, error=text(refused))
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
            raise InvalidAnswerError("no bearer token")
        old = before or Tokens(access_token="", scopes=tuple(self._ours.scopes))
        seconds, scope = found.get("expires_in"), text(found.get("scope"))
        access_token = text(found["access_token"])
        if not access_token:
            raise InvalidAnswerError("no access token")
        return Tokens(
            access_token=access_token,
            refresh_token=text(found.get("refresh_token")) or old.refresh_token,
            id_token=text(found.get("id_token")) or old.id_token,
            ends=None if seconds is None else self._clock() + float(seconds),
            scopes=old.scopes if scope is None else tuple(scope.split()),
            name=text(claims.get("name")) or old.name,
        )
