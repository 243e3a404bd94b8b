"""What the slice reads from outside."""

from pydantic import Field

from ..chassis import config
from ..chassis.discovery import Address


class SliceSettings(config.CoreSettings):
    stock_url: Address = Field(
        "http://127.0.0.1:8001", description="Where the stock service is: an address of discovery."
    )
    stock_audience: str = Field(
        "stock-service", description="The `aud` that the stock service expects of a token."
    )
    payments_url: Address = Field(
        "http://127.0.0.1:8002", description="Where payments are taken: an address of discovery."
    )
    payments_audience: str = Field(
        "ledger-service", description="The `aud` that is expected of a token there."
    )
    approval_above: int = Field(
        1000_00, ge=0, description="In cents: what costs more, a person has to approve."
    )
