# Sealed: an update replaces this file.
"""What events read from outside."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from ..config import CoreSettings, variable

SCHEMES = frozenset({"sqlite", "amqp", "amqps", "kafka", "nats", "tls", "redis", "rediss"})


def _supported(value: SecretStr) -> SecretStr:
    try:
        url = urlsplit(value.get_secret_value())
        _ = url.port
    except ValueError:  # it quotes what stands where a port should
        raise ValueError("this is not the URL of a broker") from None
    if url.scheme not in SCHEMES:
        known = "`sqlite:///`, `amqp://`, `kafka://`, `nats://` or `redis://`"
        raise ValueError(f"use a URL that begins with {known}")
    if url.scheme == "sqlite" and not url.path.removeprefix("/"):
        raise ValueError("name a file for the embedded bus: `sqlite:///var/bus.db`")
    if url.scheme != "sqlite" and not url.hostname:
        raise ValueError("it names no host")
    return value


class EventsSettings(CoreSettings):
    bus_url: Annotated[SecretStr, AfterValidator(_supported)] = Field(
        SecretStr("sqlite:///var/bus.db"),
        description="`sqlite:///FILE` for all services of one machine, or `amqp://`, `kafka://`,"
        " `nats://`, `redis://` and a host.",
    )
    allow_embedded_bus: bool = Field(False, description="Allow the embedded bus in production.")
    events_attempts: int = Field(
        5, ge=1, le=100, description="How often an event is tried before it is a dead letter."
    )
    events_backoff_seconds: float = Field(
        0.2, ge=0, le=60, description="The wait before the second attempt; it doubles."
    )
    events_later_seconds: float = Field(
        60.0, gt=0, le=86400, description="How long an event that comes too early is tried."
    )
    events_days: float = Field(
        7.0, gt=0, le=365, description="How long handled events are remembered, against doubles."
    )
    events_poll_seconds: float = Field(
        1.0, gt=0, le=60, description="How often the outbox is looked at without being woken."
    )
    events_partitions: int = Field(
        8, ge=1, le=256, description="Into how many parts a topic is split; the same everywhere."
    )
    events_prefetch: int = Field(
        50, ge=1, le=10000, description="How many events are fetched ahead of being handled."
    )

    def unsafe(self) -> dict[str, str]:
        problems = super().unsafe()
        embedded = self.bus_url.get_secret_value().startswith("sqlite:")
        if embedded and not self.allow_embedded_bus:
            allow = variable(type(self), "allow_embedded_bus")
            problems["bus_url"] = f"must name a broker in production, or set `{allow}=true`"
        return problems
