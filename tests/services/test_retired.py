"""A feature with a table comes, goes and comes again: the database follows, and no more."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
import yaml
from msgen.errors import UserError
from msgen.releases import current
from msgen.render import render

from tests.support.environment import Environment
from tests.support.rendering import Service

FLAGS = "feature_flags"
State = tuple[bool, list[str]]
HISTORY: list[State] = [
    (False, []),
    (True, []),
    (False, [FLAGS]),
    (True, [FLAGS]),
    (False, [FLAGS, FLAGS]),
]
"""Never had it, has it, had it, has it again, had it again."""

MIGRATIONS = ["flags_0001", "flags_0002_drop", "flags_0003_again", "flags_0004_drop_again"]
ORDER = (
    "INSERT INTO orders (id, customer, status, currency, lines, total, placed_at, changed_at,"
    " version) VALUES ('01a2049512c877afbb79541dd104f586', 'alice', 'placed', 'EUR', '[]', 7,"
    " '2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00', 1)"
)

Rendered = Callable[[State], Service]
Query = Callable[[str], list[Any]]


@pytest.fixture
def rendered(tmp_path: Path, service: Service) -> Rendered:
    def rendered(state: State) -> Service:
        on, retired = state
        folder = tmp_path / f"{on}-{len(retired)}"
        folder.mkdir()
        render(current(), {"name": "my-service", FLAGS: on, "retired": retired}, folder)
        files = (path for path in folder.rglob("*") if path.is_file())
        names = sorted(path.relative_to(folder).as_posix() for path in files)
        return Service(folder, service.answers, tuple(names))

    return rendered


@pytest.mark.parametrize(("number", "state"), [*enumerate(HISTORY)])
def test_only_migrations_stay_behind(
    rendered: Rendered, service: Service, number: int, state: State
) -> None:
    with_it = rendered(state)

    more = [Path(file) for file in with_it.files if file not in service.files]
    migrations = [file.stem for file in more if file.parent.name == "migrations"]
    code = {file.name for file in more if file.parent.name != "migrations"}
    assert migrations == MIGRATIONS[:number]
    assert code == ({"flags.py", "flag_commands.py", "test_flags.py"} if state[0] else set())
    recorded = yaml.safe_load(with_it.text(".copier-answers.yml"))
    assert (recorded[FLAGS], recorded.get("retired", [])) == state


def test_service_that_had_it_is_else_as_if_it_never_had(
    rendered: Rendered, service: Service
) -> None:
    without = rendered(HISTORY[2])

    for file in {*service.files} - {".copier-answers.yml"}:
        assert without.text(file) == service.text(file), file


def test_a_third_time_is_refused(rendered: Rendered) -> None:
    with pytest.raises(UserError, match="removed twice"):
        rendered((True, [FLAGS, FLAGS]))


def test_tables_come_and_go_on_sqlite(
    rendered: Rendered, environment: Environment, tmp_path: Path
) -> None:
    file = tmp_path / "service.db"

    def query(statement: str) -> list[Any]:
        with sqlite3.connect(file) as connection:
            return connection.execute(statement).fetchall()

    tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
    _live_through(rendered, environment, f"sqlite:///{file}", query, tables)


def test_tables_come_and_go_on_postgresql(
    rendered: Rendered, environment: Environment, postgres_url: str
) -> None:
    async def ask(statement: str) -> list[Any]:
        connection = await asyncpg.connect(postgres_url)
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    def query(statement: str) -> list[Any]:
        return asyncio.run(ask(statement))

    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    _live_through(rendered, environment, postgres_url, query, tables)


def _live_through(
    rendered: Rendered, environment: Environment, url: str, query: Query, tables: str
) -> None:
    """One database, as the service is migrated from each state to the next."""
    orders: list[Any] = []
    for on, retired in HISTORY:
        service = rendered((on, retired))
        extra = {f"{service.prefix}DATABASE_URL": url}
        environment.passes(service, "python", "-m", service.package, "migrate", extra=extra)
        environment.passes(service, "python", "-m", "alembic", "check", extra=extra)
        assert ((FLAGS,) in query(tables)) == on
        if not orders:
            query(ORDER)
            orders = query("SELECT * FROM orders")
        if on:
            switch = ("flags", "set", "new", "on")
            environment.passes(service, "python", "-m", service.package, *switch, extra=extra)
            assert len(query("SELECT * FROM feature_flags")) == 1
        assert query("SELECT * FROM orders") == orders
    assert len(query("SELECT * FROM chassis_audit")) == 2


@pytest.mark.parametrize("state", HISTORY[1:], ids=["on", "off", "again", "off again"])
def test_its_own_migrations_run_both_ways(
    rendered: Rendered, environment: Environment, state: State
) -> None:
    service = rendered(state)

    environment.passes(service, "python", "-m", "pytest", "-q", "tests/test_migrations.py")
