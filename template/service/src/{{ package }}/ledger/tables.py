"""How the read model of accounts is stored; events are in the store of the chassis."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ..chassis.event_store import Projected
from ..chassis.tables import Base, UtcDateTime


class AccountRow(Projected, Base):
    """`name` is sealed, as it is in the event."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        Index("ix_ledger_accounts_opened", "generation", "opened_at", "id"),
        Index("ix_ledger_accounts_owner", "generation", "owner", "opened_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(255))
    currency: Mapped[str] = mapped_column(String(3))
    name: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    balance: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(16))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column()
