# Sealed: an update replaces this file.
"""How jobs and schedules are stored."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..tables import Base, UtcDateTime


class State(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


_WAITS, _RUNS = text("state = 'waiting'"), text("state = 'running'")


class JobRow(Base):
    """`attempt` only ever grows: who holds an older one may change nothing.

    `rank` is the priority below nothing, so that an ascending index gives the order.
    """

    __tablename__ = "chassis_jobs"
    __table_args__ = (
        UniqueConstraint("name", "unique_key", name="uq_chassis_jobs_unique_key"),
        Index(
            "ix_chassis_jobs_waiting",
            "rank",
            "run_at",
            "id",
            postgresql_where=_WAITS,
            sqlite_where=_WAITS,
        ),
        Index("ix_chassis_jobs_running", "lease_until", postgresql_where=_RUNS, sqlite_where=_RUNS),
        Index("ix_chassis_jobs_over", "finished_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    unique_key: Mapped[str | None] = mapped_column(String(255))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    traceparent: Mapped[str | None] = mapped_column(String(64))
    request_id: Mapped[str | None] = mapped_column(String(64))
    rank: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    run_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempt: Mapped[int]
    failures: Mapped[int]
    reason: Mapped[str | None] = mapped_column(String(500))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    owner: Mapped[str | None] = mapped_column(String(128))
    cancel: Mapped[bool]
    done: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int | None] = mapped_column(BigInteger)
    message: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ScheduleRow(Base):
    """The last tick of a schedule for which a job was put in the queue."""

    __tablename__ = "chassis_schedules"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    tick: Mapped[datetime] = mapped_column(UtcDateTime)
