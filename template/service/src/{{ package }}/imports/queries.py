"""Reads imports, and how far their jobs are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from ..chassis.database import Database
from ..chassis.jobs import JobRow
from .jobs import ImportFile
from .tables import ImportRow

_OPEN = ("waiting", "running")


@dataclass(frozen=True, slots=True)
class Progress:
    """What is at work, how many files wait, and how many are dead letters."""

    running: Sequence[dict[str, Any]]
    waiting: int
    dead: int

    @property
    def over(self) -> bool:
        return not self.running and not self.waiting


async def progress(database: Database) -> Progress:
    jobs = JobRow.__table__.c
    mine = jobs.name == ImportFile.job_name
    states = select(jobs.state, func.count().label("number")).where(mine).group_by(jobs.state)
    counts = {row["state"]: row["number"] for row in await database.rows(states)}
    columns = (jobs.id, jobs.attempt, jobs.done, jobs.total, jobs.message)
    running = select(*columns).where(mine, jobs.state == "running").order_by(jobs.started_at)
    return Progress(
        [dict(row) for row in await database.rows(running)],
        counts.get("waiting", 0),
        counts.get("dead", 0),
    )


async def newest(database: Database, *, limit: int) -> Sequence[Any]:
    columns = ImportRow.__table__.c
    return await database.rows(select(*columns).order_by(columns.requested_at.desc()).limit(limit))
