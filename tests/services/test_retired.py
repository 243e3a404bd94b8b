"""A feature with a table comes, goes and comes again: the database follows, and no more."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
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

State = tuple[bool, int]
HISTORY: list[State] = [(False, 0), (True, 0), (False, 1), (True, 1), (False, 2)]
"""Whether it has the feature, and how often that was removed: never, has, had, again, had."""


@dataclass(frozen=True)
class Feature:
    """An option and its answers; `code` are files of it, `table` is one of its tables."""

    name: str
    on: Any
    off: Any
    branch: str
    table: str
    code: frozenset[str]

    @property
    def migrations(self) -> list[str]:
        ends = ("0001", "0002_drop", "0003_again", "0004_drop_again")
        return [f"{self.branch}_{end}" for end in ends]


FEATURES = [
    Feature(
        "feature_flags",
        *(True, False),
        "flags",
        "feature_flags",
        frozenset({"flags.py", "flag_commands.py", "test_flags.py"}),
    ),
    Feature(
        "broker",
        "nats",
        "none",
        "events",
        "chassis_outbox",
        frozenset({"events.py", "event_commands.py", "relay.py", "test_outbox.py"}),
    ),
]
ORDER = (
    "INSERT INTO orders (id, customer, status, currency, lines, total, placed_at, changed_at,"
    " version) VALUES ('01a2049512c877afbb79541dd104f586', 'alice', 'placed', 'EUR', '[]', 7,"
    " '2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00', 1)"
)

Rendered = Callable[[State], Service]
Query = Callable[[str], list[Any]]


@pytest.fixture(params=FEATURES, ids=lambda feature: feature.name)
def feature(request: pytest.FixtureRequest) -> Feature:
    found: Feature = request.param
    return found


@pytest.fixture
def rendered(tmp_path: Path, service: Service, feature: Feature) -> Rendered:
    def rendered(state: State) -> Service:
        on, times = state
        folder = tmp_path / f"{on}-{times}"
        folder.mkdir()
        answer = feature.on if on else feature.off
        answers = {feature.name: answer, "retired": [feature.name] * times}
        render(current(), {"name": "my-service", **answers}, folder)
        files = (path for path in folder.rglob("*") if path.is_file())
        names = sorted(path.relative_to(folder).as_posix() for path in files)
        return Service(folder, service.answers, tuple(names))

    return rendered


@pytest.fixture
def services(rendered: Rendered) -> list[Service]:
    """The service at each moment of its history."""
    return list(map(rendered, HISTORY))


@pytest.mark.parametrize(("number", "state"), [*enumerate(HISTORY)])
def test_only_migrations_stay_behind(
    rendered: Rendered, service: Service, feature: Feature, number: int, state: State
) -> None:
    with_it = rendered(state)

    more = [Path(file) for file in with_it.files if file not in service.files]
    migrations = [file.stem for file in more if file.parent.name == "migrations"]
    code = {file.name for file in more if file.parent.name != "migrations"}
    assert migrations == feature.migrations[:number]
    assert code >= feature.code if state[0] else not code
    recorded = yaml.safe_load(with_it.text(".copier-answers.yml"))
    assert recorded[feature.name] == (feature.on if state[0] else feature.off)
    assert recorded.get("retired", []) == [feature.name] * state[1]


def test_service_that_had_it_is_else_as_if_it_never_had(
    rendered: Rendered, service: Service
) -> None:
    without = rendered(HISTORY[2])

    for file in {*service.files} - {".copier-answers.yml"}:
        assert without.text(file) == service.text(file), file


def test_a_third_time_is_refused(rendered: Rendered) -> None:
    with pytest.raises(UserError, match="removed twice"):
        rendered((True, 2))


def test_tables_come_and_go_on_sqlite(
    services: list[Service], feature: Feature, everything: Environment, tmp_path: Path
) -> None:
    file = tmp_path / "service.db"

    def query(statement: str) -> list[Any]:
        with sqlite3.connect(file) as connection:
            return connection.execute(statement).fetchall()

    tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
    _live_through(services, feature, _running(everything, f"sqlite:///{file}"), query, tables)


def test_tables_come_and_go_on_postgresql(
    services: list[Service], feature: Feature, everything: Environment, postgres_url: str
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
    _live_through(services, feature, _running(everything, postgres_url), query, tables)


def _running(environment: Environment, url: str) -> Callable[..., None]:
    def run(service: Service, *module: str) -> None:
        extra = {f"{service.prefix}DATABASE_URL": url}
        environment.passes(service, "python", "-m", *module, extra=extra)

    return run


def _live_through(
    services: list[Service],
    feature: Feature,
    run: Callable[..., None],
    query: Query,
    tables: str,
) -> None:
    """One database, as the service is migrated from each state to the next."""
    orders: list[Any] = []
    for (there, _), service in zip(HISTORY, services, strict=True):
        run(service, service.package, "migrate")
        run(service, "alembic", "check")
        assert ((feature.table,) in query(tables)) == there
        if not orders:
            query(ORDER)
            orders = query("SELECT * FROM orders")
        if there:
            assert query(f"SELECT * FROM {feature.table}") == []
        assert query("SELECT * FROM orders") == orders


@pytest.mark.parametrize("state", HISTORY[1:], ids=["on", "off", "again", "off again"])
def test_its_own_migrations_run_both_ways(
    rendered: Rendered, everything: Environment, state: State
) -> None:
    service = rendered(state)

    everything.passes(service, "python", "-m", "pytest", "-q", "tests/test_migrations.py")
