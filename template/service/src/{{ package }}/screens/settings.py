"""What the slice reads from outside."""

from pydantic import Field

from ..chassis.discovery import Address
from . import kind


class SliceSettings(kind.settings.KindSettings):
    orders_url: Address = Field(
        "http://127.0.0.1:8001", description="Where the orders service is: an address of discovery."
    )
    orders_audience: str = Field(
        "orders-service", description="The `aud` that the orders service expects of a token."
    )
    history_url: Address = Field(
        "http://127.0.0.1:8001", description="Where the audit log of the orders is."
    )
    customer_url: Address = Field(
        "http://127.0.0.1:8002", description="Where dossiers of customers are (preset `composite`)."
    )
    customer_audience: str = Field(
        "customers-service",
        description="The `aud` that the service of dossiers expects of a token.",
    )
    screen_seconds: float = Field(
        1.5, gt=0, le=60, description="How long a screen waits for its optional parts."
    )
    home_orders: int = Field(
        10, ge=1, le=100, description="How many orders the home screen shows, the newest first."
    )
