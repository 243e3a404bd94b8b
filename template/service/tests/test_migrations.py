"""Migrations run both ways, and bring the database to what the tables say."""

import asyncio
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import create_async_engine

from .conftest import Base, Database, Settings, migrate


@pytest.fixture
def fresh(new_database: Database) -> Settings:
    return Settings(_env_file=None, database_url=new_database())


def tables(settings: Settings) -> set[str]:
    async def names() -> set[str]:
        engine = create_async_engine(settings.url)
        async with engine.connect() as connection:
            found = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        await engine.dispose()
        return set(found)

    return asyncio.run(names())


def test_they_run_up_down_and_up_again(fresh: Settings) -> None:
    migrate.upgrade(fresh)
    migrated = tables(fresh)

    command.downgrade(migrate.alembic_config(fresh), "base")
    reverted = tables(fresh)
    migrate.upgrade(fresh)

    assert migrated == tables(fresh) == {"alembic_version", *Base.metadata.tables}
    assert reverted == {"alembic_version"}


def test_without_their_folder_they_say_so(
    fresh: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(migrate, "__file__", str(tmp_path / "a" / "b" / "c" / "migrate.py"))

    with pytest.raises(FileNotFoundError, match=r"alembic\.ini"):
        migrate.upgrade(fresh)


def test_they_leave_nothing_that_the_tables_do_not_say(fresh: Settings) -> None:
    migrate.upgrade(fresh)

    command.check(migrate.alembic_config(fresh))
