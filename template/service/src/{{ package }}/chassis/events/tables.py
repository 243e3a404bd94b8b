# Sealed: an update replaces this file.
"""How events are stored: those to be sent, those that were handled, those that were given up."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from ..tables import Base, UtcDateTime

_Number = BigInteger().with_variant(Integer, "sqlite")


class OutboxRow(Base):
    """Sent in the order of `id` within a `slot`; the same key has the same slot."""

    __tablename__ = "chassis_outbox"
    __table_args__ = (Index("ix_chassis_outbox_slot", "slot", "id"),)

    id: Mapped[int] = mapped_column(_Number, primary_key=True, autoincrement=True)
    slot: Mapped[int] = mapped_column(SmallInteger)
    topic: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(200))
    event_id: Mapped[str] = mapped_column(String(200))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class InboxRow(Base):
    """It is here if, and only if, its effect is."""

    __tablename__ = "chassis_inbox"

    consumer: Mapped[str] = mapped_column(String(100), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class DeadLetterRow(Base):
    """`state` is `dead`, or `replay` when the service is to try it again.

    One that is `begun` is no dead letter yet: it was delivered often, and may kill its process.
    """

    __tablename__ = "chassis_dead_letters"

    id: Mapped[int] = mapped_column(_Number, primary_key=True, autoincrement=True)
    consumer: Mapped[str] = mapped_column(String(100))
    topic: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(200))
    event_id: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(200))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str] = mapped_column(String(500))
    attempts: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
