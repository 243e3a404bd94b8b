"""The read database: two equal tables, and a row that says which of them is shown.

It is derived, so it is not migrated: another `SHAPE` is made anew, and filled from the write model.
"""

import asyncio
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, MetaData, NullPool, Table
from sqlalchemy.ext.asyncio import create_async_engine

from ...chassis.engines import DatabaseSettings
from ...chassis.tables import UtcDateTime

SHAPE = 1
"""Raise it with every change of the tables below."""

READ = MetaData()


def columns() -> list[sa.Column[Any]]:
    """What queries find, whichever read model there is."""
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("sku", sa.String(32), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("category", sa.String(60), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("was", sa.BigInteger(), nullable=True),
        sa.Column("reduced_by", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("published_at", UtcDateTime, nullable=True),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    ]


def relation(name: str) -> Table:
    """A view that has these columns."""
    return Table(name, MetaData(), *columns())


def _coloured(colour: str) -> Table:
    name = f"catalogue_{colour}"
    orders = ("price", "name", "published_at", "reduced_by")
    table = Table(name, READ, *columns())
    for order in orders:
        sa.Index(f"ix_{name}_by_{order}", table.c.status, table.c[order], table.c.id)
    sa.Index(f"ix_{name}_by_category", table.c.status, table.c.category, table.c.price)
    return table


COLOURS = {colour: _coloured(colour) for colour in ("blue", "green")}

# `serving` is shown; `building` is being filled, and gets every event too. Both are colours.
STATE = Table(
    "catalogue_state",
    READ,
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("shape", sa.Integer(), nullable=False),
    sa.Column("serving", sa.String(8), nullable=True),
    sa.Column("building", sa.String(8), nullable=True),
    sa.Column("builder", sa.String(36), nullable=True),
    sa.Column("builder_seen_at", UtcDateTime, nullable=True),
    sa.Column("built_at", UtcDateTime, nullable=True),
)

_LOCKS = {
    "postgresql": "SELECT pg_advisory_xact_lock(hashtextextended('catalogue_state', 0))",
    "sqlite": "BEGIN IMMEDIATE",
}


def migrate(settings: DatabaseSettings) -> None:
    """Make what is not there; what has another shape is dropped, and made anew and empty."""
    asyncio.run(_migrated(settings))


async def _migrated(settings: DatabaseSettings) -> None:
    if settings.url.get_backend_name() == "sqlite":
        Path(str(settings.url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        settings.url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"timeout": settings.pool_wait_seconds},
    )
    async with engine.begin() as connection:
        await connection.run_sync(_bring)
    await engine.dispose()


def _bring(connection: Connection) -> None:
    if _is_there(connection):
        return
    connection.exec_driver_sql(_LOCKS[connection.dialect.name])
    if _is_there(connection):  # somebody else was first
        return
    if sa.inspect(connection).has_table(STATE.name):
        READ.drop_all(connection)
    READ.create_all(connection)
    connection.execute(STATE.insert().values(id=1, shape=SHAPE))


def _is_there(connection: Connection) -> bool:
    there = sa.inspect(connection).has_table(STATE.name)
    return there and connection.scalar(sa.select(STATE.c.shape)) == SHAPE
