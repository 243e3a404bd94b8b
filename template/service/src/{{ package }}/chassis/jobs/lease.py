# Sealed: an update replaces this file.
"""A job in hand, as it is stored: who has it, and what may become of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Update, update
from sqlalchemy.ext.asyncio import AsyncSession

from ..errors import ConflictError
from . import clock
from .tables import JobRow, State


class LeaseLostError(ConflictError):
    """Somebody else has the job by now, or it was cancelled: nothing is committed."""


@dataclass(frozen=True, slots=True)
class Claim:
    """`attempt` is the fencing token: with a newer one, the job is somebody else's."""

    id: UUID
    name: str
    version: int
    data: dict[str, Any]
    attempt: int
    failures: int
    traceparent: str | None
    request_id: str | None
    cancel: bool


CLAIMED = [getattr(JobRow, name) for name in Claim.__slots__]


def mine(claim: Claim) -> Update:
    """Changes the job if, and only if, it is still in this hand."""
    return update(JobRow).where(
        JobRow.id == claim.id, JobRow.attempt == claim.attempt, JobRow.state == State.RUNNING
    )


async def end(session: AsyncSession, claim: Claim, **values: Any) -> None:
    """Change a job in hand; raises LeaseLostError."""
    changed = await session.execute(mine(claim).values(**values).returning(JobRow.id))
    if changed.first() is None:
        raise LeaseLostError("the job is in other hands")


def over(session: AsyncSession, state: State, *, reason: str | None = None) -> dict[str, Any]:
    """The values of a job that has ended."""
    at = clock.moment(session)
    return {"state": state, "reason": reason, "finished_at": at, "lease_until": None}


def again(session: AsyncSession, *, seconds: float, **values: Any) -> dict[str, Any]:
    """The values of a job that waits once more."""
    at = clock.moment(session, seconds=seconds)
    return {"state": State.WAITING, "run_at": at, "lease_until": None, "owner": None, **values}
