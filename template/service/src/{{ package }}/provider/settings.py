"""What the slice reads from outside."""

from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, SecretStr

from ..chassis import config

DEVELOPMENT_SECRET = "whsec_ZGV2ZWxvcG1lbnQ="  # noqa: S105 - refused in production


class SliceSettings(config.CoreSettings):
    """The document, how strictly it is kept, and what may leave the service."""

    provider_document: Path | None = Field(
        None, description="The OpenAPI file; the one beside the code of the slice when empty."
    )
    provider_scenarios: Path | None = Field(
        None, description="The file of scenarios; the one beside the code of the slice when empty."
    )
    provider_seed: str = Field("1", description="The same seed gives the same answers.")
    provider_store: str = Field(
        ":memory:",
        min_length=1,
        description="SQLite file for state and calls; `:memory:` is each worker's own.",
    )
    provider_unknown: Literal["example", "missing"] = Field(
        "example",
        description="What an id gives in a collection nobody has written to: an example, or 404.",
    )
    provider_checks_requests: bool = Field(
        True, description="Refuse requests that the document does not allow."
    )
    provider_checks_security: bool = Field(
        True, description="Want the credentials that the document names; any value will do."
    )
    provider_fault_headers: bool = Field(
        True, description="Let callers ask for faults with `X-Simulator-Fault`."
    )
    provider_longest_seconds: float = Field(
        300.0, gt=0, le=3600, description="The longest that an injected delay may take."
    )
    provider_calls_kept: int = Field(1000, ge=1, description="How many calls are remembered.")
    provider_webhook_url: HttpUrl | None = Field(
        None, description="Where webhooks go that no request has given an address for."
    )
    provider_webhook_hosts: config.CommaSeparated = Field(
        ("127.0.0.1", "localhost"), description="The only hosts that webhooks are sent to."
    )
    provider_webhook_secret: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET),
        min_length=8,
        description="Signs webhooks: `whsec_` and base64.",
    )
    provider_webhook_attempts: int = Field(
        4, ge=1, le=20, description="How often a webhook is tried."
    )
    provider_webhook_backoff_seconds: float = Field(
        0.5, ge=0, le=60, description="The wait before the second attempt; it doubles."
    )
    provider_mode: Literal["simulate", "record", "replay"] = Field(
        "simulate",
        description="`record` passes calls on and writes down the answers; `replay` gives those.",
    )
    provider_upstream: HttpUrl | None = Field(
        None, description="The real system that `record` passes calls on to."
    )
    provider_recordings: Path = Field(
        Path("var/recordings.jsonl"), description="Where recordings are kept."
    )
    provider_hidden_fields: config.CommaSeparated = Field(
        ("number", "cvc", "cvv", "pan", "iban", "account_number"),
        description="Fields that recordings hide, besides those with names of secrets.",
    )

    def unsafe(self) -> dict[str, str]:
        problems = super().unsafe()
        if self.provider_webhook_secret.get_secret_value() == DEVELOPMENT_SECRET:
            problems["provider_webhook_secret"] = "must be set in production"  # noqa: S105
        return problems
