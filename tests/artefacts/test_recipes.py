"""The hooks and recipes of a service, run in one that is installed."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.support.environment import UV, inherited

from .conftest import SCRIPTS, Passes, Render, Run

RECIPES = {
    "check", "fix", "lint", "migrate", "migration", "run", "test", "test-postgres", "token",
    "types",
}  # fmt: skip
MAKE_KEY = """
from pathlib import Path
from orders_service.chassis.keys import LocalKeys
LocalKeys(Path("var/dev-key.pem"))
"""


class Installed:
    """A service under git with its own environment, as `msgen new` leaves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.does(UV, "sync", "--quiet", "--python", sys.executable)
        self.does("git", "init", "--quiet")
        self.does("git", "add", "--all")

    def run(self, *command: str, **extra: str) -> subprocess.CompletedProcess[str]:
        tools = os.pathsep.join([str(self.folder / ".venv/bin"), str(SCRIPTS)])
        variables = {**inherited(), **extra}
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**variables, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def does(self, *command: str, **extra: str) -> str:
        ran = self.run(*command, **extra)
        assert ran.returncode == 0, f"{' '.join(command)}\n{ran.stdout}{ran.stderr}"
        return ran.stdout


@pytest.fixture(scope="module")
def installed(service: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(shutil.copytree(service, tmp_path_factory.mktemp("installed") / "orders"))


def test_hooks_pass_on_a_fresh_service(installed: Installed) -> None:
    # the tests of the rendered tree run mypy already
    said = installed.does("prek", "run", "--all-files", SKIP="mypy")

    assert re.search(r"ruff check\.+Passed", said)
    assert re.search(r"ruff format\.+Passed", said)


def test_hooks_tidy_a_file_and_stop_the_commit(installed: Installed) -> None:
    module = installed.folder / "src/orders_service/untidy.py"
    module.write_text('"""Is untidy."""\n\nA=1\n')
    installed.does("git", "add", "--all")

    ran = installed.run("prek", "run", "--all-files", SKIP="mypy")

    assert ran.returncode == 1
    assert module.read_text().endswith("A = 1\n")
    module.unlink()


def test_new_migration_follows_the_last_one_of_the_service(installed: Installed) -> None:
    tables = installed.folder / "src/orders_service/orders/tables.py"
    column = "    colour: Mapped[str | None]\n    note: Mapped"
    tables.write_text(tables.read_text().replace("    note: Mapped", column, 1))

    installed.does("just", "migration", "add a colour")

    (written,) = installed.folder.glob("migrations/versions/*add_a_colour.py")
    assert 'down_revision = "orders_0001"' in written.read_text()
    assert '"colour"' in written.read_text()
    installed.does("just", "migrate")
    installed.does("just", "lint")


def test_token_recipe_hands_its_flags_on(installed: Installed) -> None:
    installed.does("python", "-c", MAKE_KEY)

    token = installed.does("just", "token", "--scope", "orders:read orders:write")

    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", token)


def test_hooks_are_local_and_clone_nothing(service: Path) -> None:
    config = yaml.safe_load((service / ".pre-commit-config.yaml").read_text())

    assert {part["repo"] for part in config["repos"]} == {"local"}
    assert {hook["language"] for part in config["repos"] for hook in part["hooks"]} == {
        "system"
    }


@pytest.mark.parametrize(
    ("answers", "extra"), [({}, {"image", "up", "down"}), ({"container": False}, set())]
)
def test_just_has_a_recipe_for_every_daily_task(
    render: Render, run: Run, answers: dict[str, bool], extra: set[str]
) -> None:
    listed = run(render(**answers), "just", "--summary")

    assert set(listed.stdout.split()) == RECIPES | extra


def test_justfile_is_formatted(service: Path, passes: Passes) -> None:
    passes(service, "just", "--unstable", "--fmt", "--check")


def test_recipes_call_commands_that_the_service_has(service: Path) -> None:
    called = set(re.findall(r"uv run (\S+)", (service / "justfile").read_text()))
    project = tomllib.loads((service / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    required = [*project["project"]["dependencies"], *groups["lint"], *groups["dev"][1:]]
    packages = {re.split(r"[\[<>=]", requirement)[0] for requirement in required}

    assert groups["dev"][0] == {"include-group": "lint"}
    assert called == {"orders-service", "pytest", "ruff", "mypy", "alembic"}
    assert called <= {*project["project"]["scripts"]} | packages


def test_postgres_recipe_says_what_it_lacks(service: Path, run: Run) -> None:
    ran = run(service, "just", "test-postgres")

    assert ran.returncode == 2
    assert "error: `ORDERS_SERVICE_TEST_DATABASE_URL` is not set\n\nhint: " in ran.stderr
