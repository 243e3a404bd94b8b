"""A service that a team has lived in goes on working: its slices, its rows, its tests."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from front_door import Command
from msgen import releases
from msgen.releases import Snapshot

from tests.support import history, pythons, team
from tests.support.environment import Environment, shared
from tests.support.history import Repo
from tests.support.processes import Running
from tests.support.rendering import Service

from .conftest import Born

VERSIONS = [str(each.version) for each in releases.released()]
BOTH = [(each, "sqlite") for each in VERSIONS] + [(VERSIONS[0], "postgresql")]
SCOPE = "orders:read orders:write visits:read visits:write"
ORDER = {"currency": "EUR", "lines": [{"sku": "TEA-1", "quantity": 2, "unit_price": 450}]}


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Where the database is: a file, or the machine's PostgreSQL."""
    key = tmp_path / "dev-key.pem"
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'service.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    return {"ORDERS_SERVICE_DATABASE_URL": url, "ORDERS_SERVICE_DEV_KEY_FILE": str(key)}


def _as_service(repo: Repo) -> Service:
    answers = {"command": "orders-service", "package": "orders_service",
               "env_prefix": "ORDERS_SERVICE_"}  # fmt: skip
    files = tuple(path for path in history.contents(repo.folder) if ".venv" not in path)
    return Service(repo.folder, answers, files)


def _environment(repo: Repo) -> tuple[Service, Environment]:
    service = _as_service(repo)
    return service, shared(service, pythons.running())


def _ask(repo: Repo, settings: dict[str, str], *calls: tuple[str, str, Any]) -> list[Any]:
    """Start the service, make the calls with a token, stop it; the answers' JSON."""
    service, environment = _environment(repo)
    running = Running(service, environment, settings)
    try:
        running.wait()
        with running.client(running.token(scope=SCOPE)) as client:
            answers = [client.request(verb, path, json=body) for verb, path, body in calls]
    finally:
        running.stop()
    assert all(answer.status_code in {200, 201} for answer in answers), running.log()[-2000:]
    return [answer.json() for answer in answers]


@pytest.mark.parametrize(("version", "database"), BOTH)
def test_its_tests_pass_on_the_new_chassis(
    born: Born,
    msgen: Command,
    version: str,
    database: str,
    request: pytest.FixtureRequest,
) -> None:
    repo = born(releases.asked_for(version))
    team.lives_in(repo)
    msgen.folder = repo.folder

    said = msgen("update", "--no-install", "--json")

    assert said.code == 0, said.out + said.err
    service, environment = _environment(repo)
    extra = {}
    if database == "postgresql":
        url = request.getfixturevalue("postgres_url")
        extra = {"ORDERS_SERVICE_TEST_DATABASE_URL": url}
    environment.around(service)
    environment.run(service, "python", "-m", service.package, "settings", "--write")
    told = environment.passes(service, "python", "-m", "pytest", "-q", extra=extra)
    assert " passed" in told
    environment.passes(service, "mypy")
    environment.passes(service, "ruff", "check", ".")


@pytest.mark.parametrize("settings", ["sqlite", "postgresql"], indirect=True)
def test_rows_and_revisions_of_its_own_survive_an_update(
    born: Born, msgen: Command, oldest: Snapshot, settings: dict[str, str]
) -> None:
    repo = born(oldest)
    team.lives_in(repo)
    repo.write(".gitignore", repo.text(".gitignore") + "/.venv\n/*.log\n")
    repo.commit()
    msgen.folder = repo.folder
    order, visit = _ask(
        repo, settings, ("POST", "/orders", ORDER), ("POST", "/visits", {"text": "ring twice"})
    )

    said = msgen("update", "--no-install")
    repo.commit()
    read = _ask(
        repo,
        settings,
        ("GET", f"/orders/{order['id']}", None),
        ("GET", f"/visits/{visit['id']}", None),
    )

    assert said.code == 0, said.err
    assert read == [order, visit]
    again = msgen("update", "--no-install", "--json")
    assert [each["status"] for each in again.json] == ["up to date"]


@pytest.mark.parametrize("settings", ["sqlite", "postgresql"], indirect=True)
def test_a_feature_with_tables_comes_and_goes_beside_its_own_revisions_and_rows(
    born: Born, msgen: Command, settings: dict[str, str]
) -> None:
    repo = born(releases.current())
    team.lives_in(repo)
    repo.write(".gitignore", repo.text(".gitignore") + "/.venv\n/*.log\n")
    repo.commit()
    msgen.folder = repo.folder
    taken = ("POST", "/visits", {"text": "ring twice"})
    [visit] = _ask(repo, settings, taken)
    reads = ("GET", f"/visits/{visit['id']}", None)

    added = msgen("add", "feature_flags", "--no-install")
    repo.commit()
    with_flags = _ask(repo, settings, reads)
    flags = _command(repo, settings, "flags", "set", "gifts", "on")
    removed = msgen("remove", "feature_flags", "--no-install")
    repo.commit()
    without = _ask(repo, settings, reads, ("GET", "/readyz", None))

    assert (added.code, removed.code) == (0, 0), added.err + removed.err
    assert "gifts" in flags
    assert with_flags == [visit]
    assert without[0] == visit
    assert "retired:\n- feature_flags\n" in repo.text(".copier-answers.yml")
    assert not repo.has("src/orders_service/chassis/flags.py")
    assert "feature_flags" not in _tables(settings)


def _command(repo: Repo, settings: dict[str, str], *words: str) -> str:
    service, environment = _environment(repo)
    command = ("python", "-m", service.package, *words)
    environment.passes(service, *command, extra=settings)
    listed = ("python", "-m", service.package, "flags", "list")
    return environment.passes(service, *listed, extra=settings)


def _tables(settings: dict[str, str]) -> set[str]:
    url = settings["ORDERS_SERVICE_DATABASE_URL"]
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {name for (name,) in rows}

    async def names() -> set[str]:
        connection = await asyncpg.connect(url)
        try:
            rows = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            )
        finally:
            await connection.close()
        return {row["tablename"] for row in rows}

    return asyncio.run(names())
