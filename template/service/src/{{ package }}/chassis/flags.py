# Sealed: an update replaces this file.
"""Feature flags: what is switched at run time, for everybody or for a share of the subjects."""

import asyncio
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import Depends, FastAPI, Request
from pydantic import Field
from sqlalchemy import CheckConstraint, String, select
from sqlalchemy.orm import Mapped, mapped_column

from . import audit
from .config import CoreSettings
from .database import Database
from .errors import RejectedError, UnavailableError
from .tables import Base, UtcDateTime, now
from .unit_of_work import UnitOfWork

log = structlog.get_logger()


class FlagsSettings(CoreSettings):
    flags_cache_seconds: float = Field(
        5.0, ge=0, le=3600, description="How long a process goes by the feature flags it has read."
    )


class FlagRow(Base):
    __tablename__ = "feature_flags"
    __table_args__ = (CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),)

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    enabled: Mapped[bool]
    percent: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[str] = mapped_column(String(255))


class FlagNameInvalidError(RejectedError):
    pass


@dataclass(frozen=True, slots=True)
class Flag:
    name: str
    enabled: bool
    percent: int = 100

    def applies_to(self, subject: str | None) -> bool:
        """A subject keeps its side while the share grows; a share of nobody is nobody."""
        if not self.enabled or self.percent == 100:
            return self.enabled
        return subject is not None and self._bucket(subject) < self.percent

    def _bucket(self, subject: str) -> int:
        # With the name in it, so that it is not always the same subjects who go first.
        digest = hashlib.sha256(f"{self.name}\n{subject}".encode()).digest()
        return int.from_bytes(digest[:8]) % 100


class FeatureFlags:
    """The flags as they were a few seconds ago; without a database, as they were last known."""

    def __init__(
        self,
        database: Database,
        *,
        cache_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._known: Mapping[str, Flag] = {}
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def enabled(self, name: str, *, subject: str | None = None) -> bool:
        """Never raises for want of a database; a flag that nobody has set is off."""
        async with self._reading:
            if self._is_old():
                await self._read()
        flag = self._known.get(name)
        return flag is not None and flag.applies_to(subject)

    def _is_old(self) -> bool:
        return self._read_at is None or self._clock() - self._read_at >= self._cache_seconds

    async def _read(self) -> None:
        query = select(FlagRow.name, FlagRow.enabled, FlagRow.percent)
        try:
            rows = await self._database.rows(query)
        except UnavailableError:
            log.warning("flags_not_read", known=len(self._known))
        else:
            self._known = {row["name"]: Flag(**row) for row in rows}
        # After a failure too: a database in trouble is not asked again for each request.
        self._read_at = self._clock()


async def change(unit: UnitOfWork, flag: Flag, *, by: str) -> None:
    """Set a flag, and write down who did. Raises FlagNameInvalidError."""
    if not re.fullmatch(r"[a-z][a-z0-9_.-]{0,63}", flag.name):
        raise FlagNameInvalidError(
            "a flag is called by up to 64 lower-case letters, digits, `_`, `.` and `-`"
        )
    async with unit:
        row = await unit.session.get(FlagRow, flag.name)
        before = None if row is None else {"enabled": row.enabled, "percent": row.percent}
        after = {"enabled": flag.enabled, "percent": flag.percent}
        stamp = {"changed_at": now(), "changed_by": by}
        await unit.session.merge(FlagRow(name=flag.name, **after, **stamp))
        audit.record(
            unit.session,
            action="feature_flag_changed",
            entity="feature_flag",
            entity_id=flag.name,
            before=before,
            after=after,
        )


def install(app: FastAPI, settings: FlagsSettings) -> None:
    database: Database = app.state.database
    app.state.flags = FeatureFlags(database, cache_seconds=settings.flags_cache_seconds)


async def _flags(request: Request) -> FeatureFlags:
    flags: FeatureFlags = request.app.state.flags
    return flags


Flags = Annotated[FeatureFlags, Depends(_flags)]
