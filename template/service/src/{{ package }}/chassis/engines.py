# Sealed: an update replaces this file.
"""Engines for SQLite and PostgreSQL: what each has to be told."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any

import orjson
from prometheus_client import Gauge
from pydantic import AfterValidator, Field, SecretStr
from sqlalchemy import URL, NullPool, event, exc, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from .config import CoreSettings, variable

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
}
_TLS = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def supported(value: SecretStr) -> SecretStr:
    """A validator of database URLs."""
    try:
        url = make_url(value.get_secret_value())
    except (exc.ArgumentError, ValueError):  # the latter quotes what stands where a port should
        raise ValueError("this is not a database URL") from None
    if url.drivername not in {*_DRIVERS, *_DRIVERS.values()}:
        raise ValueError("use a `sqlite:///` or `postgresql://` URL")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise ValueError("name a file for SQLite: `sqlite:///var/service.db`")
    if url.port is not None and not 0 < url.port < 65536:
        raise ValueError("its port is not one")
    if url.query.keys() - {"sslmode"} or url.query.get("sslmode", "prefer") not in _TLS:
        raise ValueError("it may have one option: `sslmode`, as PostgreSQL knows it")
    return value


READERS = 4
CONNECTIONS = Gauge(
    "db_client_connections_used",
    "Database connections that are in use.",
    ("pool",),
    multiprocess_mode="livesum",
)


class DatabaseSettings(CoreSettings):
    database_url: Annotated[SecretStr, AfterValidator(supported)] = Field(
        SecretStr("sqlite:///var/service.db"),
        description="`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.",
    )
    allow_sqlite: bool = Field(False, description="Allow SQLite in production.")
    pool_size: int = Field(10, ge=1, le=200, description="PostgreSQL connections kept open.")
    pool_overflow: int = Field(
        0, ge=0, le=200, description="Further ones under load: opened for one request, then closed."
    )
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

    def migrate_more(self) -> None:
        """For parts with tables that are not Alembic's: bring them up to date, after those."""

    def unsafe(self) -> dict[str, str]:
        problems = super().unsafe()
        if self.url.get_backend_name() == "sqlite" and not self.allow_sqlite:
            allow = variable(type(self), "allow_sqlite")
            problems["database_url"] = f"must be PostgreSQL in production, or set `{allow}=true`"
        return problems


def sqlite(settings: DatabaseSettings, *, write: bool) -> AsyncEngine:
    """One writer, many readers: writers queue in the pool instead of failing on a lock."""
    engine = create_async_engine(
        settings.url,
        pool_size=1 if write else READERS,
        max_overflow=0,
        pool_timeout=settings.pool_wait_seconds,
        echo=settings.debug,
        hide_parameters=True,
        json_deserializer=orjson.loads,
    )
    synchronous = "FULL" if settings.production else "NORMAL"
    pragmas = ("journal_mode=WAL", f"synchronous={synchronous}", "busy_timeout=5000")

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours: only so do savepoints work
        for pragma in (*pragmas, "foreign_keys=ON", f"query_only={'OFF' if write else 'ON'}"):
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

    @event.listens_for(engine.sync_engine, "invalidate")
    def _abandon(connection: Any, _: Any, __: Any) -> None:
        # Closed with a statement unfinished, SQLite keeps its lock until that is collected.
        with suppress(Exception):
            connection.rollback()


def postgresql(settings: DatabaseSettings) -> AsyncEngine:
    engine = create_async_engine(
        settings.url,
        pool_size=settings.pool_size,
        max_overflow=settings.pool_overflow,
        pool_timeout=settings.pool_wait_seconds,
        pool_recycle=1800,
        echo=settings.debug,
        hide_parameters=True,
        json_deserializer=orjson.loads,
        connect_args=_limits(settings),
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def _refuse_closed(connection: Any, _: Any, __: Any) -> None:
        # The driver knows at once when the server hung up: no ping for each request.
        if connection.driver_connection.is_closed():
            raise exc.DisconnectionError

    _count_connections(engine, "writer")
    return engine


def probe(settings: DatabaseSettings) -> AsyncEngine:
    """For health checks: a connection for each, so that a full pool does not look like an end."""
    limits = {} if settings.url.get_backend_name() == "sqlite" else _limits(settings)
    return create_async_engine(settings.url, poolclass=NullPool, connect_args=dict(limits))


def _limits(settings: DatabaseSettings) -> Mapping[str, Any]:
    return {
        "timeout": settings.pool_wait_seconds,
        "command_timeout": settings.statement_seconds + 1,
        "server_settings": {
            "application_name": settings.service,
            "statement_timeout": str(int(settings.statement_seconds * 1000)),
        },
    }


def _count_connections(engine: AsyncEngine, pool: str) -> None:
    used = CONNECTIONS.labels(pool)

    @event.listens_for(engine.sync_engine, "checkout")
    def _out(_: Any, record: Any, __: Any) -> None:
        record.record_info["counted"] = True
        used.inc()

    @event.listens_for(engine.sync_engine, "checkin")
    def _in(_: Any, record: Any) -> None:
        # A checkout that failed is checked in all the same.
        if record.record_info.pop("counted", False):
            used.dec()
