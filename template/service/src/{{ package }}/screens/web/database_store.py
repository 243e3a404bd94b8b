"""Sessions in the service's own database."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Executable, delete, insert, or_, select, update

from ...chassis.database import Database
from ...chassis.faults import ConstraintViolatedError
from ...chassis.tables import now
from ...chassis.unit_of_work import UnitOfWork
from .store import Record
from .tables import SessionRow, UsedSignInRow

_COLUMNS = [getattr(SessionRow, name) for name in Record.__dataclass_fields__]


class DatabaseStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, record: Record) -> None:
        await self._run(insert(SessionRow).values(**asdict(record)))

    async def find(self, id_: str) -> Record | None:
        rows = await self._database.rows(select(*_COLUMNS).where(SessionRow.id == id_))
        return Record(**rows[0]) if rows else None

    async def touch(self, id_: str, *, seen_at: datetime) -> None:
        await self._run(update(SessionRow).where(SessionRow.id == id_).values(seen_at=seen_at))

    async def lease(self, id_: str, *, version: int, seconds: float) -> bool:
        free = or_(SessionRow.leased_until.is_(None), SessionRow.leased_until < now())
        until = now() + timedelta(seconds=seconds)
        found = update(SessionRow).where(_is(id_, version), free)
        return await self._run(found.values(leased_until=until)) == 1

    async def release(self, id_: str, *, version: int) -> None:
        await self._run(update(SessionRow).where(_is(id_, version)).values(leased_until=None))

    async def replace(self, id_: str, *, version: int, tokens: bytes) -> bool:
        found = update(SessionRow).where(_is(id_, version))
        changed = found.values(tokens=tokens, version=version + 1, leased_until=None)
        return await self._run(changed) == 1

    async def remove(self, id_: str) -> None:
        await self._run(delete(SessionRow).where(SessionRow.id == id_))

    async def remove_of(self, subject: str) -> None:
        await self._run(delete(SessionRow).where(SessionRow.subject == subject))

    async def remove_at_provider(self, provider_session: str) -> None:
        await self._run(delete(SessionRow).where(SessionRow.provider_session == provider_session))

    async def first_use(self, digest: str, *, seconds: int) -> bool:
        expires = now() + timedelta(seconds=seconds)
        try:
            await self._run(insert(UsedSignInRow).values(digest=digest, expires_at=expires))
        except ConstraintViolatedError:
            return False
        return True

    async def purge(self, *, idle_since: datetime) -> None:
        over = or_(SessionRow.ends_at < now(), SessionRow.seen_at < idle_since)
        await self._run(delete(SessionRow).where(over))
        await self._run(delete(UsedSignInRow).where(UsedSignInRow.expires_at < now()))

    async def check(self) -> None:
        """The readiness of the database is asked by itself."""

    async def _run(self, statement: Executable) -> int:
        async with UnitOfWork(self._database) as unit:
            done: Any = await unit.session.execute(statement)
        return int(done.rowcount)


def _is(id_: str, version: int) -> Any:
    return (SessionRow.id == id_) & (SessionRow.version == version)
