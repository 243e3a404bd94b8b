"""What every read model offers, however it is kept."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from sqlalchemy import Executable, RowMapping, Table, select

from ...chassis.errors import UnavailableError
from ..events import ProductFacts


class ReadModelNotBuiltError(UnavailableError):
    pass


Question = Callable[[Table], Executable]


class ReadModel(Protocol):
    @property
    def group(self) -> str | None:
        """Instances with the same one share the events; none: it needs no events."""

    async def rows(self, question: Question) -> Sequence[RowMapping]:
        """Asks a table that has the columns of `schema`, and is whole.

        Raises UnavailableError while there is none.
        """

    async def check(self) -> None:
        """For `/readyz`: raises unless queries can be answered."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """While the service runs: keeps itself up to date."""

    def opened(self) -> AbstractAsyncContextManager[None]:
        """While a command runs: only closes what it opened."""

    async def follow(self, product: ProductFacts, /) -> None:
        """A product has changed: called with its events, maybe late, maybe twice."""

    async def rebuild(self) -> str:
        """Make it anew while queries go on; says in a sentence what was done."""

    async def detail(self) -> str:
        """How far it is, in its own terms."""


async def versions(model: ReadModel, ids: Iterable[UUID]) -> dict[UUID, int]:
    """Which version of these products queries show now; without those that they do not know."""

    def question(table: Table) -> Executable:
        return select(table.c.id, table.c.version).where(table.c.id.in_(ids))

    return {row["id"]: row["version"] for row in await model.rows(question)}
