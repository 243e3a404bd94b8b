"""Renovate, run as it is published, understands a generated service."""

import re
from pathlib import Path

import pytest

from .bot import Found, Renovate
from .conftest import Committed, commit

ACTION = re.compile(r"- (uses: actions/.+)")
OWN_JOB = """
  own:
    runs-on: ubuntu-24.04
    steps:
      - {step}
"""


@pytest.fixture(scope="module")
def extracted(renovate: Renovate, committed: Committed) -> Found:
    """What the managers find, once the team's workflow has a step that a sealed one has too."""
    service = committed()
    step = _a_step_of(service / ".github/workflows/checks.yml")
    with (service / ".github/workflows/ci.yml").open("a") as workflow:
        workflow.write(OWN_JOB.format(step=step))
    commit(service)
    return renovate.extract(service)


@pytest.mark.parametrize("version", ["v0.1.0", "v0.2.0.dev0"])
def test_copier_manager_finds_the_template_and_its_next_version(
    renovate: Renovate, committed: Committed, template: str, version: str
) -> None:
    service = committed(version)

    found = renovate.lookup(service, manager="copier")

    [answers] = found.pop("copier")
    assert not found
    assert answers["packageFile"] == ".copier-answers.yml"
    [dependency] = answers["deps"]
    assert dependency["datasource"] == "git-tags"
    assert dependency["depName"] == dependency["packageName"] == template
    assert dependency["currentValue"] == version
    assert [update["newValue"] for update in dependency["updates"]] == ["v0.2.0"]


def test_copier_manager_has_nothing_to_say_about_the_newest_version(
    renovate: Renovate, committed: Committed
) -> None:
    service = committed("v0.2.0")

    found = renovate.lookup(service, manager="copier")

    [answers] = found["copier"]
    assert [dependency["updates"] for dependency in answers["deps"]] == [[]]


def test_managers_find_what_is_the_teams_and_nothing_sealed(extracted: Found) -> None:
    files = {
        manager: [file["packageFile"] for file in found] for manager, found in extracted.items()
    }

    assert files == {
        "copier": [".copier-answers.yml"],
        "devcontainer": [".devcontainer/devcontainer.json"],
        "docker-compose": ["compose.yaml"],
        "dockerfile": ["Dockerfile"],
        "github-actions": [".github/workflows/ci.yml"],
        "pep621": ["pyproject.toml"],
    }


def test_dependencies_are_read_together_with_their_lock(extracted: Found) -> None:
    [project] = extracted["pep621"]

    locked = {
        dependency["depName"]: dependency.get("lockedVersion")
        for dependency in project["deps"]
        if "depName" in dependency
    }
    assert {"pytest", "ruff", "uv-build"} <= set(locked)
    assert locked["fastapi"] == "0.999.0"


def test_own_validator_is_content_with_the_configuration(
    renovate: Renovate, committed: Committed
) -> None:
    said = renovate.validate(committed())

    assert "Validating renovate.json" in said
    assert "Config validated successfully" in said


def _a_step_of(workflow: Path) -> str:
    found = ACTION.search(workflow.read_text())
    assert found, f"`{workflow}` uses no action"
    return found[1]
