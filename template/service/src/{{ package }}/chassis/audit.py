# Sealed: an update replaces this file.
"""The audit log: who changed what, in the transaction of the change."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, FastAPI, Query
from pydantic import BaseModel
from sqlalchemy import JSON, Index, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from . import context, problems
from .auth import Caller, requires
from .config import CoreSettings
from .database import Reads
from .paging import Keyset
from .tables import Base, UtcDateTime, now


class AuditRow(Base):
    __tablename__ = "chassis_audit"
    __table_args__ = (
        Index("ix_chassis_audit_at", "at", "id"),
        Index("ix_chassis_audit_entity", "entity", "entity_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(255))
    request_id: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    entity: Mapped[str] = mapped_column(String(64))
    entity_id: Mapped[str] = mapped_column(String(64))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class AuditEntry(BaseModel):
    id: UUID
    at: datetime
    actor: str
    request_id: str
    action: str
    entity: str
    entity_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditPage(BaseModel):
    items: list[AuditEntry]
    next: str | None


def record(
    session: AsyncSession,
    *,
    action: str,
    entity: str,
    entity_id: object,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write down a change; it is kept if, and only if, the change is."""
    request = context.current.get()
    session.add(
        AuditRow(
            id=uuid7(),
            at=now(),
            actor=(request.subject if request else None) or "system",
            request_id=request.request_id if request else "",
            action=action,
            entity=entity,
            entity_id=str(entity_id),
            before=before,
            after=after,
        )
    )


SCOPES = ("audit:read",)
router = APIRouter(tags=["audit"], responses=problems.documented(401, 403))
_COLUMNS = AuditRow.__table__.c
_NEWEST_FIRST = Keyset("-at", _COLUMNS.at, _COLUMNS.id, descending=True)


@router.get("/audit", response_model=AuditPage)
async def entries(
    reads: Reads,
    _: Annotated[Caller, requires("audit:read")],
    entity: Annotated[str | None, Query(max_length=64, pattern=r"^[\w-]+$")] = None,
    entity_id: Annotated[str | None, Query(max_length=64, pattern=r"^[\w-]+$")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> dict[str, Any]:
    """Who changed what, newest first."""
    query = select(*_COLUMNS)
    if entity is not None:
        query = query.where(AuditRow.entity == entity)
    if entity_id is not None:
        query = query.where(AuditRow.entity_id == entity_id)
    query = _NEWEST_FIRST.page(query, after=cursor, limit=limit)
    rows = await reads.rows(query)
    items, following = _NEWEST_FIRST.split(rows, limit)
    return {"items": items, "next": following}


def install(app: FastAPI, _settings: CoreSettings) -> None:
    app.include_router(router)
