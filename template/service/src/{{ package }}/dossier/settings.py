"""What the slice reads from outside."""

from pydantic import Field

from ..chassis import config
from ..chassis.discovery import Address


class SliceSettings(config.CoreSettings):
    orders_url: Address = Field(
        "http://127.0.0.1:8001", description="Where the orders service is: an address of discovery."
    )
    orders_audience: str = Field(
        "orders-service", description="The `aud` that the orders service expects of a token."
    )
    history_url: Address = Field(
        "http://127.0.0.1:8001", description="Where the audit log of the orders is."
    )
    history_seconds: float = Field(
        1.0, gt=0, le=60, description="How long a dossier waits for its optional parts."
    )
    fresh_seconds: float = Field(
        2.0, ge=0, le=3600, description="How long what was read is as good as new."
    )
    stale_seconds: float = Field(
        60.0, ge=0, le=86400, description="How long after that it stands in for a failing service."
    )
