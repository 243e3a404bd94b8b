# Sealed: an update replaces this file.
"""Forgets jobs that are over, in batches: one statement for all would hold others up."""

from datetime import timedelta

from sqlalchemy import and_, delete, or_, select

from ..database import Database
from ..tables import now
from ..unit_of_work import UnitOfWork
from .settings import JobsSettings
from .tables import JobRow, State

_BATCH = 1000


async def purge(database: Database, settings: JobsSettings) -> None:
    at = now()
    over = and_(
        JobRow.state.in_((State.DONE, State.CANCELLED)),
        JobRow.finished_at < at - timedelta(days=settings.jobs_days),
    )
    dead = and_(
        JobRow.state == State.DEAD,
        JobRow.finished_at < at - timedelta(days=settings.jobs_dead_days),
    )
    batch = select(JobRow.id).where(or_(over, dead)).limit(_BATCH)
    deleted = _BATCH
    while deleted == _BATCH:
        async with UnitOfWork(database) as unit:
            gone = await unit.session.execute(delete(JobRow).where(JobRow.id.in_(batch)))
            deleted = gone.rowcount  # type: ignore[attr-defined]
