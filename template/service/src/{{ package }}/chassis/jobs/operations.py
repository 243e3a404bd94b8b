# Sealed: an update replaces this file.
"""What an operator does with jobs: look, try dead ones again, cancel."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, update

from .. import audit
from ..database import Database
from ..errors import ConflictError, NotFoundError
from ..unit_of_work import UnitOfWork
from . import clock, waking
from .tables import JobRow, State

_COLUMNS = JobRow.__table__.c


class JobNotFoundError(NotFoundError):
    pass


class JobNotDeadError(ConflictError):
    pass


class JobOverError(ConflictError):
    pass


async def listed(
    database: Database, *, state: str | None = None, name: str | None = None, limit: int = 50
) -> Sequence[RowMapping]:
    """The newest first."""
    query = select(*_COLUMNS).order_by(_COLUMNS.id.desc()).limit(limit)
    if state is not None:
        query = query.where(_COLUMNS.state == state)
    if name is not None:
        query = query.where(_COLUMNS.name == name)
    return await database.rows(query)


async def found(database: Database, job_id: UUID) -> RowMapping:
    rows = await database.rows(select(*_COLUMNS).where(_COLUMNS.id == job_id))
    if not rows:
        raise JobNotFoundError(f"there is no job {job_id}")
    return rows[0]


async def replay(unit: UnitOfWork, job_id: UUID) -> None:
    """Let a job that is dead, or was cancelled, be tried again from the first attempt on."""
    async with unit:
        row = await _row(unit, job_id)
        if row.state not in (State.DEAD, State.CANCELLED):
            raise JobNotDeadError(f"the job is {row.state}: only dead ones are replayed")
        change = update(JobRow).where(JobRow.id == job_id)
        fresh = {"failures": 0, "cancel": False, "finished_at": None, "owner": None}
        await unit.session.execute(
            change.values(state=State.WAITING, run_at=clock.moment(unit.session), **fresh)
        )
        _record(unit, "job_replayed", row, before={"state": row.state, "reason": row.reason})
        unit.after_commit(waking.wake)


async def cancel(unit: UnitOfWork, job_id: UUID) -> None:
    """A worker says that it is cancelled: within seconds, also of a job that is at work."""
    async with unit:
        row = await _row(unit, job_id)
        if row.state not in (State.WAITING, State.RUNNING):
            raise JobOverError(f"the job is {row.state} already")
        change = update(JobRow).where(JobRow.id == job_id)
        await unit.session.execute(change.values(cancel=True, run_at=clock.moment(unit.session)))
        _record(unit, "job_cancelled", row, before={"state": row.state})
        unit.after_commit(waking.wake)


async def _row(unit: UnitOfWork, job_id: UUID) -> JobRow:
    row = await unit.session.get(JobRow, job_id, with_for_update=True)
    if row is None:
        raise JobNotFoundError(f"there is no job {job_id}")
    return row


def _record(unit: UnitOfWork, action: str, row: JobRow, *, before: dict[str, Any]) -> None:
    audit.record(unit.session, action=action, entity="job", entity_id=row.id, before=before)
