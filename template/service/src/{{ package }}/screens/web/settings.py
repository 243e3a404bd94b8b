"""What the web client kind reads from outside."""

import base64
import binascii
import re
from typing import Annotated, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from ...chassis import config
from ...chassis.http import HttpSettings


def _origin(value: str) -> str:
    """An address without a path; a final slash is dropped."""
    if value and not re.fullmatch(r"https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?/?", value):
        raise ValueError("it is a scheme and a host, such as `https://shop.example.com`")
    return value.rstrip("/")


def _issuer(value: str) -> str:
    if value and (not re.fullmatch(r"https?://[!-~]+", value) or not urlsplit(value).hostname):
        raise ValueError("it is the `issuer` of the provider, such as `https://id.example.com`")
    return value


def _is_redis(value: SecretStr | None) -> SecretStr | None:
    if value and not value.get_secret_value().startswith(("redis://", "rediss://")):
        raise ValueError("it is an address such as `redis://127.0.0.1:6379/0`")
    return value


def _sealing_keys(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for value in values:
        try:
            key = base64.urlsafe_b64decode(value.get_secret_value().encode())
        except (binascii.Error, UnicodeError, ValueError):
            key = b""
        if len(key) != 32:
            raise ValueError("each is 32 bytes in URL-safe base64")
    return values


class KindSettings(config.CoreSettings):
    public_url: Annotated[str, AfterValidator(_origin)] = Field(
        "", description="Where browsers find this service; in development, where they ask."
    )
    oidc_issuer: Annotated[str, AfterValidator(_issuer)] = Field(
        "",
        description="The OpenID provider at which people sign in; in development a page that takes"
        " any name without it.",
    )
    oidc_client_id: str = Field("", description="Who this service is at the OpenID provider.")
    oidc_client_secret: SecretStr | None = Field(None, description="Its secret there.")
    oidc_scopes: config.CommaSeparated = Field(
        ("openid", "profile", "offline_access", "screens:read", "screens:write"),
        min_length=1,
        description="What is asked for at sign-in; `offline_access` is for refresh tokens.",
    )
    oidc_prompt: str = Field(
        "", description="The `prompt` of sign-in: `consent` where refresh tokens need it."
    )
    oidc_resource: str = Field(
        "", description="The API that access tokens are for (RFC 8707), if the provider asks."
    )
    session_store_url: Annotated[SecretStr | None, AfterValidator(_is_redis)] = Field(
        None, description="Redis that keeps the sessions; the service's database without it."
    )
    session_keys: Annotated[
        tuple[SecretStr, ...],
        NoDecode,
        BeforeValidator(config.split),
        AfterValidator(_sealing_keys),
    ] = Field(
        (),
        description="Keys that seal tokens in the store (32 bytes, URL-safe base64): the first"
        " seals, all open.",
    )
    session_idle_minutes: float = Field(
        30.0, gt=0, le=60 * 24 * 30, description="After how long without a request a session ends."
    )
    session_hours: float = Field(
        12.0, gt=0, le=24 * 90, description="After how long a session ends in any case."
    )

    def unsafe(self) -> dict[str, str]:
        problems = super().unsafe()
        for field in ("public_url", "oidc_issuer"):
            if not getattr(self, field).startswith("https://"):
                problems[field] = "must be an `https` address in production"
        for field in ("oidc_client_id", "oidc_client_secret", "session_keys"):
            if not getattr(self, field):
                problems[field] = "must be set in production"
        return problems

    def faults(self) -> list[str]:
        problems = super().faults()
        calls = cast("HttpSettings", self)  # the settings of the slice are a part of all of them
        for field in ("oidc_client_id", "public_url") if self.oidc_issuer else ():
            if not getattr(self, field):
                name = config.variable(type(self), field)
                problems.append(f"{name} must be set where there is an OpenID provider")
        if self.oidc_issuer and calls.call_tokens == "exchange" and calls.token_url is None:
            tokens, url = (
                config.variable(type(self), field) for field in ("call_tokens", "token_url")
            )
            problems.append(
                f"{tokens} must be `relay`, or {url} must be set, where there is an OpenID"
                " provider: a local key cannot exchange its tokens"
            )
        if "openid" not in self.oidc_scopes:
            name = config.variable(type(self), "oidc_scopes")
            problems.append(f"{name} must have `openid` among its scopes")
        return problems
