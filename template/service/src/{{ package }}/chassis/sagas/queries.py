# Sealed: an update replaces this file.
"""Reads sagas and their history."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, select

from ..database import Database
from .tables import SagaRow, SagaStepRow
from .wishes import SagaNotFoundError

_SAGA = select(*SagaRow.__table__.columns).where(SagaRow.id == bindparam("id"))
_STEPS = (
    select(*[column for column in SagaStepRow.__table__.columns if column.name != "saga_id"])
    .where(SagaStepRow.saga_id == bindparam("id"))
    .order_by(SagaStepRow.number)
)


async def history(database: Database, saga_id: UUID) -> list[dict[str, Any]]:
    """What has happened, in its order; empty where nothing has yet."""
    return [dict(row) for row in await database.rows(_STEPS, id=saga_id)]


async def read(database: Database, saga_id: UUID) -> dict[str, Any]:
    """A saga with its history as `steps`; raises SagaNotFoundError."""
    rows = await database.rows(_SAGA, id=saga_id)
    if not rows:
        raise SagaNotFoundError
    return {**rows[0], "steps": await history(database, saga_id)}


async def newest(database: Database, *, state: str | None, limit: int) -> Sequence[RowMapping]:
    query = select(*SagaRow.__table__.columns).order_by(SagaRow.accepted_at.desc()).limit(limit)
    return await database.rows(query if state is None else query.where(SagaRow.state == state))
