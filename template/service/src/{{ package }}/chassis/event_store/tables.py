# Sealed: an update replaces this file.
"""How events, snapshots, checkpoints and the keys of personal data are stored."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..tables import Base, UtcDateTime


class EventRow(Base):
    """Append-only: triggers of the migration refuse to change or delete a row.

    On PostgreSQL a trigger also lets transactions append one after the other, until they commit.
    So no position appears below one that was read already: who reads on misses nothing.
    """

    __tablename__ = "event_store_events"
    __table_args__ = (
        UniqueConstraint("stream", "version", name="uq_event_store_events_stream"),
        {"sqlite_autoincrement": True},
    )

    position: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True
    )
    stream: Mapped[str] = mapped_column(String(128))
    version: Mapped[int]
    type: Mapped[str] = mapped_column(String(64))
    schema: Mapped[int]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    actor: Mapped[str] = mapped_column(String(255))
    request_id: Mapped[str] = mapped_column(String(64))
    trace_id: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class SnapshotRow(Base):
    """What a stream has made up to a version. It saves time, and is never needed."""

    __tablename__ = "event_store_snapshots"

    stream: Mapped[str] = mapped_column(String(128), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    shape: Mapped[str] = mapped_column(String(16))
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class CheckpointRow(Base):
    """How far one copy (generation) of a projection has come; readers see the active one."""

    __tablename__ = "event_store_checkpoints"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    position: Mapped[int] = mapped_column(BigInteger)
    active: Mapped[bool]


class KeyRow(Base):
    """The key of somebody's personal data, sealed; none once the data was erased."""

    __tablename__ = "event_store_keys"

    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
