# Sealed: an update replaces this file.
"""The service's own database: SQLite by default, PostgreSQL by its URL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from prometheus_client import Gauge
from pydantic import AfterValidator, Field, SecretStr
from sqlalchemy import URL, event, exc, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from . import lifecycle
from .config import CoreSettings
from .faults import translated

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
}
_TLS = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
CONNECTIONS = Gauge(
    "db_client_connections_used",
    "Database connections that are in use.",
    ("pool",),
    multiprocess_mode="livesum",
)


def _supported(value: SecretStr) -> SecretStr:
    try:
        url = make_url(value.get_secret_value())
    except (exc.ArgumentError, ValueError):  # the latter quotes what stands where a port should
        raise ValueError("this is not a database URL") from None
    if url.drivername not in {*_DRIVERS, *_DRIVERS.values()}:
        raise ValueError("use a `sqlite:///` or `postgresql://` URL")
    if url.get_backend_name() == "sqlite" and not url.database:
        raise ValueError("name a file for SQLite: `sqlite:///var/service.db`")
    if url.port is not None and not 0 < url.port < 65536:
        raise ValueError("its port is not one")
    if url.query.keys() - {"sslmode"} or url.query.get("sslmode", "prefer") not in _TLS:
        raise ValueError("it may have one option: `sslmode`, as PostgreSQL knows it")
    return value


class DatabaseSettings(CoreSettings):
    database_url: Annotated[SecretStr, AfterValidator(_supported)] = Field(
        SecretStr("sqlite:///var/service.db"),
        description="`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.",
    )
    allow_sqlite: bool = Field(False, description="Allow SQLite in production.")
    pool_size: int = Field(10, ge=1, le=200, description="PostgreSQL connections kept open.")
    pool_overflow: int = Field(5, ge=0, le=200, description="Further ones under load.")
    pool_wait_seconds: float = Field(
        5.0, gt=0, le=60, description="How long a request waits for a connection; then 503."
    )
    statement_seconds: float = Field(
        10.0, gt=0, le=3600, description="How long a statement may take on PostgreSQL."
    )

    @property
    def url(self) -> URL:
        url = make_url(self.database_url.get_secret_value())
        tls = {"ssl": url.query["sslmode"]} if url.query else {}  # the driver's own word
        return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername), query=tls)

    def unsafe(self) -> dict[str, str]:
        problems = super().unsafe()
        if self.url.get_backend_name() == "sqlite" and not self.allow_sqlite:
            problems["database_url"] = (
                "must be PostgreSQL in production, unless `allow_sqlite` is set"
            )
        return problems


class Database:
    """`writer` is for units of work; `reading()` costs no transaction round trips."""

    def __init__(self, settings: DatabaseSettings) -> None:
        if settings.url.get_backend_name() == "sqlite":
            Path(str(settings.url.database)).parent.mkdir(parents=True, exist_ok=True)
            self.writer = _sqlite(settings, write=True)
            self._reader = _sqlite(settings, write=False)
        else:
            self.writer = _postgresql(settings)
            self._reader = self.writer.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for queries; each sees what is committed when it begins."""
        with translated():
            async with self._reader.connect() as connection:
                yield connection

    async def check(self) -> None:
        """Raises when the database does not answer, or was never migrated."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT version_num FROM alembic_version"))

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        yield
        await self._reader.dispose()
        await self.writer.dispose()


def _sqlite(settings: DatabaseSettings, *, write: bool) -> AsyncEngine:
    """One writer, many readers: writers queue in the pool instead of failing on a lock."""
    engine = create_async_engine(
        settings.url,
        pool_size=1 if write else 4,
        max_overflow=0,
        pool_timeout=settings.pool_wait_seconds,
        echo=settings.debug,
    )
    pragmas = ["journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "foreign_keys=ON"]

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours: only so do savepoints work
        for pragma in pragmas if write else [*pragmas, "query_only=ON"]:
            connection.execute(f"PRAGMA {pragma}")

    if write:
        _own_transactions(engine)
    _count_connections(engine, "writer" if write else "reader")
    return engine


def _own_transactions(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine.sync_engine, "reset")
    def _reset(connection: Any, _: Any, state: Any) -> None:
        # A commit that fails leaves SQLite's transaction open, and with it the lock.
        if state.asyncio_safe and connection.driver_connection.in_transaction:
            connection.rollback()


def _postgresql(settings: DatabaseSettings) -> AsyncEngine:
    engine = create_async_engine(
        settings.url,
        pool_size=settings.pool_size,
        max_overflow=settings.pool_overflow,
        pool_timeout=settings.pool_wait_seconds,
        pool_recycle=1800,
        echo=settings.debug,
        connect_args={
            "timeout": settings.pool_wait_seconds,
            "command_timeout": settings.statement_seconds + 1,
            "server_settings": {
                "application_name": settings.service,
                "statement_timeout": str(int(settings.statement_seconds * 1000)),
            },
        },
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def _refuse_closed(connection: Any, _: Any, __: Any) -> None:
        # The driver knows at once when the server hung up: no ping for each request.
        if connection.driver_connection.is_closed():
            raise exc.DisconnectionError

    _count_connections(engine, "writer")
    return engine


def _count_connections(engine: AsyncEngine, pool: str) -> None:
    used = CONNECTIONS.labels(pool)
    event.listen(engine.sync_engine, "checkout", lambda *_: used.inc())
    event.listen(engine.sync_engine, "checkin", lambda *_: used.dec())


def install(app: FastAPI, settings: DatabaseSettings) -> None:
    database = app.state.database = Database(settings)
    lifecycle.of(app).resources.append(database.opened)
    app.state.health.add("database", database.check)


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


Reads = Annotated[Database, Depends(_database)]
