"""Reads checkouts with the state and the history of their sagas."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from ..chassis import sagas
from ..chassis.database import Database
from ..chassis.paging import Keyset
from ..chassis.sagas import SagaRow, State
from .domain import CheckoutNotFoundError
from .tables import CheckoutRow

_COLUMNS = select(
    *CheckoutRow.__table__.columns, SagaRow.state, SagaRow.reason, SagaRow.ended_at
).join(SagaRow, SagaRow.id == CheckoutRow.id)
_NEWEST = Keyset(
    "-placed_at", CheckoutRow.__table__.c.placed_at, CheckoutRow.__table__.c.id, descending=True
)


async def read_checkout(
    database: Database, *, checkout_id: UUID, customer: str | None
) -> dict[str, Any]:
    """Anybody's where `customer` is None; raises CheckoutNotFoundError."""
    query = _COLUMNS.where(CheckoutRow.id == checkout_id)
    if customer is not None:
        query = query.where(CheckoutRow.customer == customer)
    rows = await database.rows(query)
    if not rows:
        raise CheckoutNotFoundError
    return {**rows[0], "steps": await sagas.history(database, checkout_id)}


async def list_checkouts(
    database: Database,
    *,
    customer: str | None,
    state: State | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[dict[str, Any]], str | None]:
    """A page, and the cursor of the next one; raises InvalidCursorError."""
    query = _COLUMNS
    if customer is not None:
        query = query.where(CheckoutRow.customer == customer)
    if state is not None:
        query = query.where(SagaRow.state == state)
    rows = await database.rows(_NEWEST.page(query, after=cursor, limit=limit))
    return _NEWEST.split(rows, limit)
