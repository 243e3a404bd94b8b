"""What imports read from outside."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from ..chassis.config import CoreSettings
from ..chassis.jobs import Cron


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError("there is no such time zone here") from None
    return name


def _cron(expression: str) -> str:
    Cron(expression)
    return expression


class SliceSettings(CoreSettings):
    imports_folder: Path = Field(
        Path("var/imports"),
        description="Where the files are; those in `incoming` below it are imported unasked.",
    )
    imports_chunk_rows: int = Field(
        500,
        ge=1,
        le=10_000,
        description="Rows in one transaction: what is read again, at most, after a crash.",
    )
    imports_at_once: int = Field(
        2, ge=1, le=100, description="Files that are read at once, over all processes."
    )
    imports_scan_seconds: float = Field(
        60.0, ge=1, le=86_400, description="After how long `incoming` is looked through."
    )
    imports_cleaning: Annotated[str, AfterValidator(_cron)] = Field(
        "17 3 * * *", description="When old imports are forgotten (cron)."
    )
    imports_zone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="The time zone of the cleaning."
    )
    imports_days: float = Field(
        30.0, gt=0, description="How long imports and rejected rows are remembered."
    )
