# Sealed: an update replaces this file.
"""The queue as it is stored: what is due is claimed, and kept by a lease."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import and_, false, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from ..database import Database
from ..tables import now
from ..unit_of_work import UnitOfWork
from . import clock
from .handlers import Handler
from .lease import CLAIMED, Claim
from .tables import JobRow, State

_AT_MOST = 100


class Store:
    def __init__(
        self, database: Database, handlers: Mapping[str, Handler], *, owner: str, lease: float
    ) -> None:
        self._database, self._handlers = database, handlers
        self._owner, self._lease = owner, lease

    async def anything(self) -> bool:
        """Whether something waits: a look is cheaper than a transaction."""
        due = JobRow.state == State.WAITING, JobRow.run_at <= now(), JobRow.cancel.is_(False)
        query = select(JobRow.id).where(*due, self._understood()).limit(1)
        return bool(await self._database.rows(query))

    async def claim(self, *, most: int) -> list[Claim]:
        """The next jobs, by priority and then by time."""
        async with UnitOfWork(self._database) as unit:
            session = unit.session
            room = await self._room(session)
            due = (
                select(JobRow.id, JobRow.name)
                .where(JobRow.state == State.WAITING, JobRow.run_at <= clock.moment(session))
                .where(JobRow.cancel.is_(False))
                .where(JobRow.name.not_in([name for name, free in room.items() if free < 1]))
                .where(self._understood())
                .order_by(JobRow.rank, JobRow.run_at, JobRow.id)
                .limit(most)
                .with_for_update(skip_locked=True)
            )
            ids = _within(await session.execute(due), room)
            claims = await self._take(session, ids, started_at=clock.moment(session))
        return sorted(claims, key=lambda claim: ids.index(claim.id))

    async def over(self) -> list[Claim]:
        """Jobs that nobody does: their lease ran out, or they were cancelled while they waited.

        They are taken over, so that what becomes of them is said once.
        """
        lost = and_(JobRow.state == State.RUNNING, JobRow.lease_until <= now())
        unwanted = and_(JobRow.state == State.WAITING, JobRow.cancel)
        query = select(JobRow.id).where(or_(lost, unwanted), self._understood()).limit(_AT_MOST)
        if not await self._database.rows(query):
            return []
        async with UnitOfWork(self._database) as unit:
            session = unit.session
            lost = and_(JobRow.state == State.RUNNING, JobRow.lease_until <= clock.moment(session))
            query = select(JobRow.id).where(or_(lost, unwanted), self._understood())
            locked = query.limit(_AT_MOST).with_for_update(skip_locked=True)
            return await self._take(session, list(await session.scalars(locked)))

    async def renew(self, held: Collection[tuple[UUID, int]]) -> dict[UUID, bool]:
        """Those that are still ours, by id and attempt, and whether they were cancelled."""
        async with UnitOfWork(self._database) as unit:
            lease = clock.moment(unit.session, seconds=self._lease)
            ours = tuple_(JobRow.id, JobRow.attempt).in_(held)
            change = update(JobRow).where(ours, JobRow.state == State.RUNNING)
            kept = change.values(lease_until=lease).returning(JobRow.id, JobRow.cancel)
            return {row.id: row.cancel for row in await unit.session.execute(kept)}

    async def _take(self, session: AsyncSession, ids: list[UUID], **values: Any) -> list[Claim]:
        if not ids:
            return []
        taken = (
            update(JobRow)
            .where(JobRow.id.in_(ids))
            .values(
                state=State.RUNNING,
                attempt=JobRow.attempt + 1,
                lease_until=clock.moment(session, seconds=self._lease),
                owner=self._owner,
                **values,
            )
            .returning(*CLAIMED)
        )
        return [Claim(*row) for row in await session.execute(taken)]

    async def _room(self, session: AsyncSession) -> dict[str, int]:
        """How many more of each job with a limit may run, over all processes."""
        limits = {name: each.at_once for name, each in self._handlers.items()}
        room = {name: most for name, most in limits.items() if most is not None}
        if not room:
            return room
        locked = await _locked(session, room)  # before they are counted
        running = (
            select(JobRow.name, func.count())
            .where(JobRow.state == State.RUNNING, JobRow.name.in_(room))
            .group_by(JobRow.name)
        )
        for name, number in await session.execute(running):
            room[name] -= number
        return {name: free if name in locked else 0 for name, free in room.items()}

    def _understood(self) -> Any:
        """Jobs of a newer version wait for a process that knows it."""
        known = [
            and_(JobRow.name == name, JobRow.version <= each.kind.job_version)
            for name, each in self._handlers.items()
        ]
        return or_(false(), *known)


async def _locked(session: AsyncSession, names: Iterable[str]) -> set[str]:
    """Names that nobody else is claiming right now; SQLite has one writer anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return set(names)
    hashed = (func.hashtextextended(f"jobs:{name}", 0) for name in names)
    locks = select(*(func.pg_try_advisory_xact_lock(each) for each in hashed))
    row = (await session.execute(locks)).one()
    return {name for name, got in zip(names, row, strict=True) if got}


def _within(rows: Iterable[tuple[UUID, str]], room: Mapping[str, int]) -> list[UUID]:
    taken, ids = Counter[str](), []
    for job_id, name in rows:
        if taken[name] < room.get(name, taken[name] + 1):
            taken[name] += 1
            ids.append(job_id)
    return ids
