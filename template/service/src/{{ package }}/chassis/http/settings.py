# Sealed: an update replaces this file.
"""Settings of calls to other services."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, HttpUrl, SecretStr

from ..auth import AuthSettings
from ..discovery import Lookup
from ..edge import EdgeSettings
from .guard import Limits


def _server(value: str) -> str:
    if value and not re.fullmatch(r"[0-9A-Fa-f.:]+:[0-9]{1,5}", value):
        raise ValueError("it is an IP address and a port, such as `127.0.0.1:8600`")
    return value


class HttpSettings(AuthSettings, EdgeSettings):
    call_seconds: float = Field(
        5.0, gt=0, le=600, description="How long a call may take, retries and waits included."
    )
    call_attempt_seconds: float = Field(
        2.0, gt=0, le=600, description="How long one attempt of a call may take."
    )
    call_retries: int = Field(
        2, ge=0, le=10, description="Further attempts of a call that may safely be repeated."
    )
    call_concurrency: int = Field(
        64, ge=1, le=10_000, description="Calls to one upstream at a time; further ones wait."
    )
    call_queue: int = Field(
        128, ge=0, le=100_000, description="Calls that may wait for their turn; more are refused."
    )
    circuit_failures: int = Field(
        5, ge=1, le=1000, description="Failures in a row that open the circuit of an upstream."
    )
    circuit_seconds: float = Field(
        10.0, gt=0, le=3600, description="How long an open circuit lets nothing through."
    )
    call_tokens: Literal["exchange", "service", "relay", "none"] = Field(
        "exchange",
        description="What calls carry: a token of the caller for the one who is called (RFC 8693),"
        " one of this service (client credentials), the caller's own, or none.",
    )
    token_url: HttpUrl | None = Field(
        None, description="The identity provider's token endpoint; a local key signs without it."
    )
    client_id: str = Field("", description="Who this service is at the token endpoint.")
    client_secret: SecretStr | None = Field(None, description="Its secret there.")
    discovery_seconds: float = Field(
        5.0, ge=0.1, le=3600, description="After how long DNS is asked for instances again."
    )
    dns_server: Annotated[str, AfterValidator(_server)] = Field(
        "", description="Who is asked for instances (`IP:PORT`); the machine's own by default."
    )
    consul_token: SecretStr | None = Field(None, description="The ACL token for Consul.")

    @property
    def lookup(self) -> Lookup:
        token = self.consul_token.get_secret_value() if self.consul_token else ""
        return Lookup(self.discovery_seconds, self.dns_server, token)

    @property
    def limits(self) -> Limits:
        return Limits(
            timeout_seconds=self.call_seconds,
            attempt_seconds=self.call_attempt_seconds,
            retries=self.call_retries,
            concurrency=self.call_concurrency,
            queue=self.call_queue,
            breaker_failures=self.circuit_failures,
            breaker_reset_seconds=self.circuit_seconds,
        )

    def unsafe(self) -> dict[str, str]:
        problems = super().unsafe()
        if self.call_tokens in ("relay", "none"):
            return problems
        needed = ("token_url", "client_id", "client_secret")
        unset = [field for field in needed if not _is_set(self, field)]
        missing = dict.fromkeys(unset, "must be set in production")
        if self.token_url is not None and self.token_url.scheme != "https":
            missing["token_url"] = "must be an `https` address in production"  # noqa: S105
        return {**problems, **missing}


def _is_set(settings: HttpSettings, field: str) -> bool:
    value = getattr(settings, field)
    return value is not None and value != ""
