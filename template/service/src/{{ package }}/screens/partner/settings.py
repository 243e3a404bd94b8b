"""What only the backend of partners reads from outside."""

import base64
import binascii
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from ...chassis import config


def _keys(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for value in values:
        try:
            key = base64.urlsafe_b64decode(value.get_secret_value().encode())
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != 32:
            raise ValueError("each is 32 bytes in URL-safe base64")
    return values


class KindSettings(config.CoreSettings):
    identity_issuer: str = Field(
        "urn:development", min_length=1, description="The `iss` of tokens that speak for partners."
    )
    identity_keys: config.CommaSeparated = Field(
        (),
        description="Ed25519 keys (PEM files) for tokens that speak for partners: the first signs,"
        " all are published. In development the local key signs.",
    )
    identity_audience: config.CommaSeparated = Field(
        ("orders-service", "customers-service"),
        min_length=1,
        description="The `aud` of tokens that speak for partners.",
    )
    identity_scopes: config.CommaSeparated = Field(
        ("orders:read", "orders:write", "audit:read", "dossiers:read"),
        description="What tokens that speak for partners allow.",
    )
    webhook_keys: Annotated[
        tuple[SecretStr, ...], NoDecode, BeforeValidator(config.split), AfterValidator(_keys)
    ] = Field(
        (),
        description="Seal the secrets of webhooks in the database (32 bytes, URL-safe base64): the"
        " first seals, all open.",
    )
    webhook_private: bool | None = Field(
        None, description="Send webhooks to private addresses too; by default in development only."
    )
    webhook_attempts: int = Field(
        8, ge=1, le=50, description="How often a webhook is tried before it is dead."
    )
    webhook_backoff_seconds: float = Field(
        5.0, gt=0, le=3600, description="The wait before the second attempt; it doubles, to hours."
    )
    webhook_timeout_seconds: float = Field(
        10.0, gt=0, le=60, description="How long one attempt of a webhook may take."
    )
    webhook_poll_seconds: float = Field(
        1.0, gt=0, le=60, description="After how long webhooks of other replicas are looked for."
    )
    webhook_overlap_hours: float = Field(
        24.0, ge=0, le=720, description="How long the old secret signs too after a rotation."
    )
    webhook_days: float = Field(
        14.0, gt=0, le=365, description="How long deliveries are kept when they are over."
    )

    @property
    def webhooks_reach_private(self) -> bool:
        return not self.production if self.webhook_private is None else self.webhook_private

    def unsafe(self) -> dict[str, str]:
        problems = super().unsafe()
        if self.identity_issuer == "urn:development":
            problems["identity_issuer"] = "must say who this service is to upstreams in production"
        for field in ("identity_keys", "webhook_keys"):
            if not getattr(self, field):
                problems[field] = "must be set in production"
        return problems
