"""What the slice reads from outside."""

from pydantic import Field

from ..chassis import config


class SliceSettings(config.CoreSettings):
    ledger_merchant: str = Field(
        "merchant",
        min_length=1,
        max_length=255,
        description="The owner of the accounts that payments go to.",
    )
