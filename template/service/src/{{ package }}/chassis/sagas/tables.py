# Sealed: an update replaces this file.
"""How sagas, their history and those who drive them are stored."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Float, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ..tables import Base, UtcDateTime


class State(StrEnum):
    RUNNING = "running"
    WAITING = "waiting_for_approval"
    COMPENSATING = "compensating"
    STUCK = "stuck"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


ENDED = (State.CONFIRMED, State.REJECTED, State.CANCELLED)
OPEN = tuple(state for state in State if state not in ENDED)
UNKNOWN = "no instance knows version"
"""Such a reason stands before the one that a saga had."""


class SagaRow(Base):
    """`wish` is what a person wants of it, until it is granted."""

    __tablename__ = "chassis_sagas"
    __table_args__ = (Index("ix_chassis_sagas_state", "state", "accepted_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    state: Mapped[str] = mapped_column(String(24))
    step: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(String(400))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    request_id: Mapped[str] = mapped_column(String(64))
    trace_id: Mapped[str] = mapped_column(String(32))
    executor: Mapped[str | None] = mapped_column(String(40))
    wish: Mapped[str | None] = mapped_column(String(16), index=True)
    accepted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    began_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deadline_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SagaStepRow(Base):
    """`kind` is `do`, `approval` or `undo`; `number` counts what has happened."""

    __tablename__ = "chassis_saga_steps"

    saga_id: Mapped[UUID] = mapped_column(
        ForeignKey("chassis_sagas.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(String(200))


class SagaExecutorRow(Base):
    """A process that drives sagas: `seen_at` in seconds, by the clock of the database."""

    __tablename__ = "chassis_saga_executors"

    executor: Mapped[str] = mapped_column(String(40), primary_key=True)
    seen_at: Mapped[float] = mapped_column(Float(53))
    taken_by: Mapped[str | None] = mapped_column(String(40))
    knows: Mapped[list[str]] = mapped_column(JSON)
