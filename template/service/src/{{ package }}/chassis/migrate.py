# Sealed: an update replaces this file.
"""Migrations: run by `migrate`, and at start where the settings say so."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from pydantic import Field

from . import lifecycle
from .engines import DatabaseSettings
from .faults import DatabaseUnavailableError, translated

if TYPE_CHECKING:
    from alembic.config import Config

log = structlog.get_logger()

_RETRY_SECONDS = 1.0
_SWITCHES = 40


class MigrateSettings(DatabaseSettings):
    migrate_on_start: bool | None = Field(
        None, description="Migrate at start; by default in development only."
    )

    @property
    def migrates_on_start(self) -> bool:
        return not self.production if self.migrate_on_start is None else self.migrate_on_start


def alembic_config(settings: DatabaseSettings) -> "Config":
    """Raises FileNotFoundError outside the service's folder."""
    from alembic.config import Config  # half a second that few starts need

    for folder in (Path(__file__).parents[3], Path.cwd()):
        if (file := folder / "alembic.ini").is_file():
            config = Config(file)
            config.attributes["settings"] = settings
            return config
    raise FileNotFoundError("no `alembic.ini` here: run this in the folder of the service")


def upgrade(settings: DatabaseSettings) -> None:
    """Raises DatabaseUnavailableError when the database does not answer."""
    from alembic import command

    config = alembic_config(settings)
    with translated():
        _write_ahead(settings)
        command.upgrade(config, "heads")
        settings.migrate_more()


def _write_ahead(settings: DatabaseSettings) -> None:
    """Before anybody else opens it: the switch of the journal takes the whole file, and who comes
    in its way is refused at once."""
    if settings.url.get_backend_name() != "sqlite":
        return
    file = Path(str(settings.url.database))
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, timeout=settings.pool_wait_seconds)) as connection:
        for _ in range(_SWITCHES):
            with suppress(sqlite3.OperationalError):
                connection.execute("PRAGMA journal_mode=WAL")
                return
            time.sleep(0.05)


def install(app: FastAPI, settings: MigrateSettings) -> None:
    if settings.migrates_on_start:
        lifecycle.of(app).resources.append(lambda: _migrated(settings))


@asynccontextmanager
async def _migrated(settings: MigrateSettings) -> AsyncIterator[None]:
    try:
        await asyncio.to_thread(upgrade, settings)
    except DatabaseUnavailableError:
        # The service starts all the same, says so on `/readyz`, and goes on trying.
        async with lifecycle.background(_until_migrated(settings)):
            yield
    else:
        yield


async def _until_migrated(settings: MigrateSettings) -> None:
    while True:
        await asyncio.sleep(_RETRY_SECONDS)
        try:
            await asyncio.to_thread(upgrade, settings)
        except DatabaseUnavailableError:
            continue
        log.info("migrated")
        return
