# Sealed: an update replaces this file.
"""Jobs as classes: what is to be done, with what, under a name and a version."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from ..unit_of_work import UnitOfWork
from ..upserts import insert
from . import clock, tracing, waking
from .tables import JobRow, State

Upcast = Callable[[dict[str, Any]], dict[str, Any]]


class Job(BaseModel):
    """`class ImportFile(Job, name="import_file", version=1)`, with its data as fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    job_name: ClassVar[str]
    job_version: ClassVar[int]
    job_upcasts: ClassVar[dict[int, Upcast]]

    def __init_subclass__(cls, *, name: str, version: int = 1) -> None:
        super().__init_subclass__()
        cls.job_name, cls.job_version, cls.job_upcasts = name, version, {}

    @classmethod
    def upcast(cls, version: int) -> Callable[[Upcast], Upcast]:
        """Decorates what makes data of `version` into data of the one after it."""

        def keep(function: Upcast) -> Upcast:
            cls.job_upcasts[version] = function
            return function

        return keep

    @classmethod
    def read(cls, data: Mapping[str, Any], *, version: int) -> Self:
        """The job out of data that an older version may have written."""
        current = dict(data)
        for each in range(version, cls.job_version):
            current = cls.job_upcasts[each](current)
        return cls.model_validate(current)


async def enqueue(
    unit: UnitOfWork,
    job: Job,
    *,
    key: str | None = None,
    priority: int = 0,
    run_at: datetime | None = None,
) -> UUID | None:
    """Put a job in the queue, in the transaction of `unit`: both happen, or neither.

    A `key` lets one job of its name in as long as that one is kept; None says that it was there
    already. A higher `priority` goes first.
    """
    values = {
        "name": job.job_name,
        "version": job.job_version,
        "unique_key": key,
        "data": job.model_dump(mode="json"),
        "rank": -priority,
    }
    async with unit:
        new = insert(unit.session, JobRow).values(values | _fresh(unit.session, run_at))
        unit.after_commit(waking.wake)
        return await unit.session.scalar(new.on_conflict_do_nothing().returning(JobRow.id))


def _fresh(session: AsyncSession, run_at: datetime | None) -> dict[str, Any]:
    at = clock.moment(session)
    counts = {"attempt": 0, "failures": 0, "done": 0}
    state = {"id": uuid7(), "state": State.WAITING, "cancel": False, **tracing.origin()}
    return {**counts, **state, "created_at": at, "run_at": at if run_at is None else run_at}
