# Sealed: an update replaces this file.
"""One transaction for one use case."""

from collections.abc import Callable
from types import TracebackType
from typing import Annotated, Self

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from .database import Database
from .faults import translated


class UnitOfWork:
    """Leaving the block commits it, an exception rolls it back.

    Use cases open it themselves. A FastAPI dependency would commit after the
    answer has left, and a failed commit would then look like success. A block
    inside a block joins the outer one, which alone commits.
    """

    session: AsyncSession

    def __init__(self, database: Database) -> None:
        self._database = database
        self._depth = 0
        self._failed = False
        self._after_commit: list[Callable[[], object]] = []

    def after_commit(self, action: Callable[[], object]) -> None:
        """Do this once the transaction is committed, and not if it is rolled back."""
        self._after_commit.append(action)

    async def __aenter__(self) -> Self:
        if self._depth == 0:
            await self._begin()
        self._depth += 1
        return self

    async def _begin(self) -> None:
        self._failed = False
        self._after_commit.clear()
        await self._database.writing.take()
        self.session = AsyncSession(self._database.writer, expire_on_commit=False)
        with translated():
            try:
                await self.session.connection()
            except BaseException:
                await self._release()
                raise

    async def _release(self) -> None:
        try:
            await self.session.close()
        finally:
            self._database.writing.give()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        self._failed = self._failed or error is not None
        if self._depth:
            return
        with translated():
            try:
                await self._end(error)
            finally:
                await self._release()
            if error is not None:
                raise error  # here, so that an error of the database is translated too
        for action in self._after_commit:
            action()

    async def _end(self, error: BaseException | None) -> None:
        if not self._failed:
            await self.session.commit()
        elif error is None:
            raise RuntimeError("an inner block failed: there is nothing to commit")


async def _unit(request: Request) -> UnitOfWork:
    return UnitOfWork(request.app.state.database)


Unit = Annotated[UnitOfWork, Depends(_unit)]
