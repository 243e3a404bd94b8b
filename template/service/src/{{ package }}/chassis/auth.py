# Sealed: an update replaces this file.
"""Access tokens: who calls, and what they may do."""

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request, Security
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase
from pydantic import BeforeValidator, Field, HttpUrl
from pydantic_settings import NoDecode

from . import config
from .context import current
from .keys import Keys, LocalKeys, RemoteKeys
from .verifier import Caller, MissingScopeError, UnauthenticatedError, Verifier

__all__ = ["AuthSettings", "Caller", "requires"]

Algorithm = Literal["EdDSA", "ES256", "RS256"]


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
    app.state.verifier = Verifier(
        keys_for(settings),
        algorithms=settings.auth_algorithms,
        issuer=settings.auth_issuer,
        audience=settings.audience,
        leeway=settings.auth_leeway_seconds,
    )
    app.state.health.add("issuer", app.state.verifier.keys.check)


def keys_for(settings: AuthSettings) -> Keys:
    if settings.auth_jwks_url is None:
        return LocalKeys(settings.dev_key_file)
    return RemoteKeys(
        str(settings.auth_jwks_url),
        algorithms=settings.auth_algorithms,
        refresh_seconds=settings.auth_refresh_seconds,
    )
