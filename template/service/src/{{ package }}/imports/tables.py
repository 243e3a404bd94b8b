"""How imports and products are stored."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ..chassis.tables import Base, UtcDateTime


class ImportRow(Base):
    __tablename__ = "imports"
    __table_args__ = (
        Index("ix_imports_file", "file", "content"),
        Index("ix_imports_ended_at", "ended_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    file: Mapped[str] = mapped_column(String(255))
    content: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    lines: Mapped[int] = mapped_column(BigInteger)
    accepted: Mapped[int] = mapped_column(BigInteger)
    rejected: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(String(500))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RejectedRow(Base):
    __tablename__ = "import_rejections"

    import_id: Mapped[UUID] = mapped_column(
        ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True
    )
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    reason: Mapped[str] = mapped_column(String(200))


class ProductRow(Base):
    """`changes` counts how often a row of a file has had its effect."""

    __tablename__ = "products"

    sku: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    price: Mapped[int] = mapped_column(BigInteger)
    changes: Mapped[int]
    import_id: Mapped[UUID] = mapped_column()
