"""Finds and stores imports and products."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ..chassis.upserts import insert
from .domain import Chunk, Import, ImportNotFoundError, State
from .tables import ImportRow, ProductRow, RejectedRow

MOST_REJECTIONS = 1000
_FIELDS = ("file", "content", "lines", "accepted", "rejected", "reason", "requested_at", "ended_at")


class Imports:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, asked: Import) -> None:
        row = ImportRow(id=asked.id)
        _write(asked, row)
        self._session.add(row)

    async def known(self, import_id: UUID) -> bool:
        return await self._session.get(ImportRow, import_id) is not None

    async def get(self, import_id: UUID) -> Import:
        row = await self._session.get(ImportRow, import_id, with_for_update=True)
        if row is None:
            raise ImportNotFoundError("there is no such import any more")
        fields = {name: getattr(row, name) for name in _FIELDS}
        return Import(id=row.id, state=State(row.state), **fields)

    async def save(self, asked: Import) -> None:
        _write(asked, await self._session.get_one(ImportRow, asked.id))
        await self._session.flush()

    async def of_content(self, file: str, content: str) -> bool:
        """Whether an import has taken this file, as it is, already."""
        query = select(ImportRow.id).where(ImportRow.file == file, ImportRow.content == content)
        return (await self._session.scalars(query.limit(1))).first() is not None

    async def forget_rejections(self, import_id: UUID) -> None:
        gone = delete(RejectedRow).where(RejectedRow.import_id == import_id)
        await self._session.execute(gone)

    async def store(self, asked: Import, chunk: Chunk) -> None:
        """The products, and the first rows that were rejected."""
        await self._upsert(asked.id, chunk)
        room = max(0, MOST_REJECTIONS - asked.rejected + len(chunk.rejections))
        self._session.add_all(
            RejectedRow(import_id=asked.id, line=each.line, reason=each.reason)
            for each in chunk.rejections[:room]
        )

    async def purge(self, *, before: datetime) -> int:
        gone = delete(ImportRow).where(ImportRow.ended_at < before).returning(ImportRow.id)
        return len((await self._session.scalars(gone)).all())

    async def _upsert(self, import_id: UUID, chunk: Chunk) -> None:
        # Of rows with one key the last counts: PostgreSQL takes each key once a statement.
        last = {each.sku: each for each in chunk.products}
        if not last:
            return
        inserting = insert(self._session, ProductRow)
        new = inserting.excluded
        changed = {"name": new.name, "price": new.price, "import_id": new.import_id}
        upsert = inserting.on_conflict_do_update(
            index_elements=["sku"], set_={**changed, "changes": ProductRow.changes + 1}
        )
        rows = [{**asdict(each), "changes": 1, "import_id": import_id} for each in last.values()]
        await self._session.execute(upsert, rows)


def _write(asked: Import, row: ImportRow) -> None:
    row.state = asked.state
    for name in _FIELDS:
        setattr(row, name, getattr(asked, name))
