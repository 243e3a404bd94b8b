# Sealed: an update replaces this file.
"""What the event store reads from outside."""

import base64
import binascii
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from ..auth import AuthSettings
from ..config import split


def _keys(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for value in values:
        try:
            key = base64.urlsafe_b64decode(value.get_secret_value().encode())
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != 32:
            raise ValueError("each is 32 bytes in URL-safe base64")
    return values


class EventStoreSettings(AuthSettings):
    personal_data_keys: Annotated[
        tuple[SecretStr, ...], NoDecode, BeforeValidator(split), AfterValidator(_keys)
    ] = Field(
        (),
        description="Seal the keys of personal data in the database (32 bytes, URL-safe base64):"
        " the first seals, all open.",
    )
    snapshot_events: int = Field(
        100, ge=1, le=100_000, description="After how many events of a stream a snapshot is kept."
    )
    projection_batch: int = Field(
        500, ge=1, le=10_000, description="How many events a projection takes in one transaction."
    )
    projection_poll_seconds: float = Field(
        1.0, gt=0, le=60, description="After how long events of other processes are looked for."
    )

    def unsafe(self) -> dict[str, str]:
        problems = super().unsafe()
        if not self.personal_data_keys:
            problems["personal_data_keys"] = "must be set in production"
        return problems
