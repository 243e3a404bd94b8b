"""What the slice reads from outside."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator

from ..chassis import config
from .document import Document
from .reading import RoutesError, read

OWN_ROUTES = Path(__file__).with_name("routes.yml")


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        ip_network(value)
    return values


class SliceSettings(config.CoreSettings):
    """Where the routes are, and what holds for all of them."""

    web_sockets: ClassVar[Literal["none", "websockets-sansio"]] = "websockets-sansio"

    routes_file: Path | None = Field(
        None, description="The routes; `edge/routes.yml` of the package by default."
    )
    routes_seconds: float = Field(
        1.0, ge=0.05, le=3600, description="After how long the routes are looked at for changes."
    )
    requests_at_once: int = Field(
        1000, ge=1, description="Requests that are passed on at a time; more are told 503."
    )
    trusted_proxies: Annotated[config.CommaSeparated, AfterValidator(_networks)] = Field(
        (), description="Networks of proxies in front, whose `X-Forwarded-For` is believed."
    )
    tenant_claim: str = Field("tenant", description="The claim of a token that names the tenant.")
    identity_keys: config.CommaSeparated = Field(
        ("var/identity-key.pem",),
        min_length=1,
        description="Ed25519 keys (PEM files) for internal tokens: the first signs, all are"
        " published. In development the first is made.",
    )
    identity_issuer: str = Field(
        "urn:gateway:development", min_length=1, description="The `iss` of internal tokens."
    )
    identity_seconds: int = Field(
        60, ge=10, le=600, description="How long an internal token is good for."
    )
    rate_store_url: SecretStr | None = Field(
        None, description="Redis that counts for all gateways together; each by itself without it."
    )
    cache_bytes: int = Field(50_000_000, ge=0, description="Memory for kept answers; 0 keeps none.")

    @field_validator("rate_store_url")
    @classmethod
    def _is_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("it is an address such as `redis://127.0.0.1:6379/0`")
        return value

    @property
    def routes(self) -> Path:
        return self.routes_file or OWN_ROUTES

    def document(self) -> Document:
        """Raises RoutesError."""
        return read(self.routes, prefix=str(self.model_config.get("env_prefix")))

    def unsafe(self) -> dict[str, str]:
        problems = super().unsafe()
        if self.identity_issuer == "urn:gateway:development":
            problems["identity_issuer"] = "must name this gateway in production"
        if not all(Path(file).is_file() for file in self.identity_keys):
            problems["identity_keys"] = "must name key files in production: none is made there"
        return problems

    def faults(self) -> list[str]:
        try:
            self.document()
        except RoutesError as error:
            return [*super().faults(), *error.problems]
        return super().faults()
