"""Rows of the read model: made of products, and only ever replaced by newer ones."""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from ..domain import search_text
from ..events import ProductFacts

_INSERTS: dict[str, Callable[[Table], postgresql.Insert | sqlite.Insert]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}


def row_of(product: ProductFacts) -> dict[str, Any]:
    texts = (product.sku, product.name, product.category, product.description)
    return {
        **product.model_dump(include=set(ProductFacts.model_fields)),
        "reduced_by": _reduced_by(product.price, product.was),
        "search": search_text(*texts),
    }


def _reduced_by(price: int, was: int | None) -> int:
    """In percent."""
    return (was - price) * 100 // was if was is not None and price < was else 0


async def keep_newest(
    session: AsyncSession, table: Table, products: Iterable[ProductFacts]
) -> None:
    """Write those that are newer than what is there; the others are late, or come twice."""
    rows = [row_of(product) for product in products]
    insert = _INSERTS[session.get_bind().dialect.name](table)
    given = insert.excluded
    values = {column.name: given[column.name] for column in table.c if not column.primary_key}
    upsert = insert.on_conflict_do_update(
        index_elements=[table.c.id], set_=values, where=table.c.version < given.version
    )
    await (await session.connection()).execute(upsert, rows)
