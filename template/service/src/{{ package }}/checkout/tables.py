"""How checkouts are stored; their state and history are with the sagas."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ..chassis.tables import Base, UtcDateTime


class CheckoutRow(Base):
    __tablename__ = "checkouts"
    __table_args__ = (
        Index("ix_checkouts_by_customer", "customer", "placed_at", "id"),
        Index("ix_checkouts_by_time", "placed_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    customer: Mapped[str] = mapped_column(String(255))
    currency: Mapped[str] = mapped_column(String(3))
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    total: Mapped[int] = mapped_column(BigInteger)
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
