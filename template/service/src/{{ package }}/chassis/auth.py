# Sealed: an update replaces this file.
"""Access tokens: who calls, and what they may do."""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import jwt
import structlog
from fastapi import FastAPI, Request, Security
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase
from pydantic import BeforeValidator, Field, HttpUrl
from pydantic_settings import NoDecode

from . import config
from .context import current
from .errors import DomainError, ForbiddenError
from .keys import Keys, LocalKeys, RemoteKeys

log = structlog.get_logger()

Algorithm = Literal["EdDSA", "ES256", "RS256"]
_SUBJECT = re.compile(r"[!-~]{1,255}")
_TOKEN_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_ACCESS_USES = frozenset({"access", "bearer", "at+jwt", "jwt"})
_LONGEST_TOKEN = 8192
_CACHED_TOKENS = 10_000
_CACHED_SECONDS = 60.0


class AuthSettings(config.CoreSettings):
    auth_jwks_url: HttpUrl | None = Field(
        None, description="Where the identity provider publishes its keys. Required in production."
    )
    auth_issuer: str = Field(
        "urn:development", min_length=1, description="The `iss` that a token must carry."
    )
    auth_audience: str = Field(
        "", description="The `aud` that a token must carry; the name of the service when empty."
    )
    auth_algorithms: Annotated[tuple[Algorithm, ...], NoDecode, BeforeValidator(config.split)] = (
        Field(
            ("EdDSA", "ES256", "RS256"), min_length=1, description="Signatures that are accepted."
        )
    )
    auth_leeway_seconds: float = Field(30.0, ge=0, le=300, description="How far clocks may differ.")
    auth_refresh_seconds: float = Field(
        300.0, ge=10, description="After how long the provider's keys are fetched again."
    )
    dev_key_file: Path = Field(
        Path("var/dev-key.pem"), description="The local signing key, made at first start."
    )

    @property
    def audience(self) -> str:
        return self.auth_audience or self.service

    def unsafe(self) -> dict[str, str]:
        problems = super().unsafe()
        if self.auth_jwks_url is None:
            problems["auth_jwks_url"] = "must be set in production: development keys are refused"
        elif self.auth_jwks_url.scheme != "https":
            problems["auth_jwks_url"] = "must be an `https` address in production"
        if self.auth_issuer == "urn:development":
            problems["auth_issuer"] = "must name the identity provider in production"
        if not self.auth_audience:
            problems["auth_audience"] = "must be set in production"
        return problems


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified sender of a request."""

    subject: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes


class UnauthenticatedError(DomainError):
    status = 401
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class InvalidTokenError(UnauthenticatedError):
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class MissingScopeError(ForbiddenError):
    def __init__(self, scope: str) -> None:
        super().__init__(f"this needs the scope `{scope}`")
        self.headers = {  # type: ignore[misc]
            "WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'
        }


class Verifier:
    """Checks tokens; remembers good ones for a minute, as checking a signature is dear."""

    def __init__(self, keys: Keys, settings: AuthSettings) -> None:
        self.keys = keys
        self._algorithms = list(settings.auth_algorithms)
        self._issuer = settings.auth_issuer
        self._audience = settings.audience
        self._leeway = settings.auth_leeway_seconds
        self._cache: dict[str, tuple[float, Caller]] = {}
        self._generation = keys.generation

    async def caller(self, token: str) -> Caller:
        """Raises InvalidTokenError, whatever is wrong: a forger learns nothing."""
        if self._generation != self.keys.generation:
            self._cache.clear()
            self._generation = self.keys.generation
        if (cached := self._cache.get(token)) is not None and cached[0] > time.time():
            return cached[1]
        try:
            claims = await self._claims(token)
            caller = Caller(_subject(claims), _scopes(claims))
            self._remember(token, caller, float(claims["exp"]))
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            log.info("token_refused", reason=type(error).__name__)
            raise InvalidTokenError from None
        return caller

    async def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > _LONGEST_TOKEN:
            raise ValueError("too long")
        header = jwt.get_unverified_header(token)
        if str(header.get("typ", "jwt")).lower() not in _TOKEN_TYPES:
            raise ValueError("not an access token")
        key = await self.keys.find(str(header.get("kid", "")))
        # The key says which algorithm it is for, never the token: no RS/HS confusion.
        if key is None or header.get("alg") != key.algorithm_name:
            raise ValueError("unknown key")
        return jwt.decode(
            token,
            key,
            algorithms=self._algorithms,
            audience=self._audience,
            issuer=self._issuer,
            leeway=self._leeway,
            options={"require": ["iss", "aud", "exp", "sub"]},
        )

    def _remember(self, token: str, caller: Caller, expires: float) -> None:
        if len(self._cache) >= _CACHED_TOKENS:
            self._cache.clear()
        self._cache[token] = (min(expires, time.time() + _CACHED_SECONDS), caller)


def _subject(claims: dict[str, Any]) -> str:
    for name in ("typ", "token_use"):  # how Keycloak and Cognito mark what is no access token
        if str(claims.get(name, "access")).lower() not in _ACCESS_USES:
            raise ValueError("not an access token")
    subject: str = claims["sub"]
    if not _SUBJECT.fullmatch(subject):
        raise ValueError("not a subject")
    return subject


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    granted = claims.get("scope", claims.get("scp", ()))
    if isinstance(granted, str):
        return frozenset(granted.split())
    if isinstance(granted, dict):
        raise TypeError("no list of scopes")
    return frozenset(scope for scope in granted if isinstance(scope, str))


class _RequiredScope(SecurityBase):
    """A dependency that also puts the scheme into the OpenAPI document."""

    scheme_name = "access token"
    model = HTTPBearerModel(bearerFormat="JWT")

    def __init__(self, scope: str) -> None:
        self._scope = scope

    async def __call__(self, request: Request) -> Caller:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UnauthenticatedError("send an access token: `Authorization: Bearer …`")
        caller: Caller = await request.app.state.verifier.caller(token.strip())
        if (context := current.get()) is not None:
            context.subject = caller.subject
        if not caller.may(self._scope):
            raise MissingScopeError(self._scope)
        return caller


def requires(scope: str) -> Any:
    """For a route's signature: `Annotated[Caller, requires("orders:read")]`."""
    return Security(_RequiredScope(scope))


def install(app: FastAPI, settings: AuthSettings) -> None:
    app.state.verifier = Verifier(keys_for(settings), settings)
    app.state.health.add("issuer", app.state.verifier.keys.check)


def keys_for(settings: AuthSettings) -> Keys:
    if settings.auth_jwks_url is None:
        return LocalKeys(settings.dev_key_file)
    return RemoteKeys(
        str(settings.auth_jwks_url),
        algorithms=settings.auth_algorithms,
        refresh_seconds=settings.auth_refresh_seconds,
    )
