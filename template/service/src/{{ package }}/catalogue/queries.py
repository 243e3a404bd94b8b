"""Reads the write model for those who change it; everybody else is answered by `read/`."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from ..chassis.database import Database
from .domain import ProductNotFoundError
from .tables import ProductRow

_ONE = select(*ProductRow.__table__.columns).where(ProductRow.id == bindparam("id"))


async def read_product(database: Database, *, product_id: UUID) -> dict[str, Any]:
    rows = await database.rows(_ONE, id=product_id)
    if not rows:
        raise ProductNotFoundError
    return dict(rows[0])
