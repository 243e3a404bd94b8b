# Sealed: an update replaces this file.
"""The time of the database, so that the clocks of machines may differ."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, DateTime, Interval, func, literal
from sqlalchemy.ext.asyncio import AsyncSession

from ..tables import UtcDateTime, now


def moment(session: AsyncSession, *, seconds: float = 0.0) -> ColumnElement[datetime]:
    """Now, or so many seconds from now. SQLite is on this machine, and has our clock."""
    away = timedelta(seconds=seconds)
    if session.get_bind().dialect.name == "postgresql":
        return func.clock_timestamp(type_=DateTime(timezone=True)) + literal(away, Interval())
    return literal(now() + away, UtcDateTime())
