"""The other files around a service: hooks, recipes, editors, bots, licence."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pathspec
import pytest
import yaml

from tests.support.rendering import TEMPLATE

from .conftest import SCRIPTS, Passes, Render, Run

RECIPES = {
    "check", "fix", "lint", "migrate", "migration", "run", "test", "test-postgres", "token",
    "types",
}  # fmt: skip


@pytest.fixture
def repository(service: Path, tmp_path: Path) -> Path:
    """Give a copy of the service under git, with this environment's tools as its own."""
    copy = shutil.copytree(service, tmp_path / "orders")
    (copy / ".venv").mkdir()
    (copy / ".venv/bin").symlink_to(SCRIPTS)
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=copy, check=True)
    return copy


def hooks(repository: Path) -> subprocess.CompletedProcess[str]:
    # mypy needs the service's own dependencies: the service's tests run it
    return subprocess.run(
        [SCRIPTS / "prek", "run", "--all-files"],
        cwd=repository,
        env={**os.environ, "SKIP": "mypy"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_hooks_pass_on_a_fresh_service(repository: Path) -> None:
    ran = hooks(repository)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"ruff check\.+Passed", ran.stdout)
    assert re.search(r"ruff format\.+Passed", ran.stdout)


def test_hooks_stop_a_file_that_is_not_formatted(repository: Path) -> None:
    module = repository / "src/orders_service/untidy.py"
    module.write_text('"""Is untidy."""\n\nA=1\n')
    subprocess.run(["git", "add", "-A"], cwd=repository, check=True)

    ran = hooks(repository)

    assert ran.returncode == 1
    assert module.read_text().endswith("A = 1\n")


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
    required = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    packages = {re.split(r"[\[<>=]", requirement)[0] for requirement in required}

    assert called == {"orders-service", "pytest", "ruff", "mypy", "alembic"}
    assert called <= {*project["project"]["scripts"]} | packages


def test_postgres_recipe_says_what_it_lacks(service: Path, run: Run) -> None:
    ran = run(service, "just", "test-postgres")

    assert ran.returncode == 2
    assert "error: `ORDERS_SERVICE_TEST_DATABASE_URL` is not set\n\nhint: " in ran.stderr


def test_renovate_configuration_fits_its_schema(service: Path, passes: Passes) -> None:
    passes(service, "check-jsonschema", "--builtin-schema", "vendor.renovate", "renovate.json")


def test_renovate_leaves_sealed_files_alone_and_no_others(service: Path) -> None:
    ignored = pathspec.GitIgnoreSpec.from_lines(
        f"/{line}"
        for line in json.loads((service / "renovate.json").read_text())["ignorePaths"]
    )
    table = yaml.safe_load((TEMPLATE / "ownership.yml").read_text())
    sealed = pathspec.GitIgnoreSpec.from_lines(table["sealed"])
    files = {str(path.relative_to(service)) for path in service.rglob("*") if path.is_file()}

    # the answers file is what Renovate's copier manager reads
    without_versions = {".copier-answers.yml", ".github/zizmor.yml"}
    assert set(ignored.match_files(files)) == set(sealed.match_files(files)) - without_versions


def test_devcontainer_is_named_after_the_service(service: Path) -> None:
    container = json.loads((service / ".devcontainer/devcontainer.json").read_text())

    assert container["name"] == "orders-service"
    assert container["forwardPorts"] == [8000]


@pytest.mark.parametrize(
    ("option", "files"),
    [("devcontainer", [".devcontainer"]), ("renovate", ["renovate.json"])],
)
def test_declined_options_leave_no_file(render: Render, option: str, files: list[str]) -> None:
    service = render(**{option: False})

    assert not [file for file in files if (service / file).exists()]


@pytest.mark.parametrize(
    ("licence", "first", "holder"),
    [
        ("MIT", "MIT License", "Copyright (c) ACME & Sons\n"),
        ("Apache-2.0", "Apache License", "   Copyright ACME & Sons\n"),
    ],
)
def test_licence_is_the_whole_text_and_names_its_holder(
    render: Render, licence: str, first: str, holder: str
) -> None:
    service = render(licence=licence, copyright_holder="ACME & Sons")

    text = (service / "LICENSE").read_text()

    assert text.splitlines()[0].strip() == first
    assert holder in text
    assert "WARRANTIES" in text.upper()


def test_proprietary_service_has_no_licence_file(render: Render) -> None:
    assert not (render(licence="proprietary") / "LICENSE").exists()
