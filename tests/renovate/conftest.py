"""A service as a team has it: in git, from a template that has gone on since."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from msgen import archive

from tests.support.rendering import ROOT, Generate

from .bot import Renovate, installed

ORIGIN = re.compile(r"^_(commit|src_path): .*\n", re.MULTILINE)
LOCK = """\
version = 1
requires-python = ">=3.11"

[[package]]
name = "fastapi"
version = "0.999.0"
"""

Committed = Callable[..., Path]


@pytest.fixture(scope="session")
def renovate(tmp_path_factory: pytest.TempPathFactory) -> Renovate:
    return installed(tmp_path_factory.mktemp("renovate"))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a repository with the template's v0.1.0 and v0.2.0."""
    folder = tmp_path_factory.mktemp("template")
    archive.unpack(ROOT / "releases/0.1.0.tar.xz", folder)
    git(folder, "init", "--quiet")
    commit(folder)
    git(folder, "tag", "v0.1.0")
    (folder / "template/service/NEW.md").write_text("New.\n")
    commit(folder)
    git(folder, "tag", "v0.2.0")
    return folder.as_uri()


@pytest.fixture(scope="session")
def committed(
    generate: Generate, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Committed:
    """Give a folder with a service that was made from this version of the template."""

    def committed(version: str = "v0.1.0") -> Path:
        service = generate("service", "orders").copy(tmp_path_factory.mktemp("own") / "orders")
        answers = ORIGIN.sub("", service.text(".copier-answers.yml"))
        origin = f"_commit: {version}\n_src_path: {template}\n"
        (service.path / ".copier-answers.yml").write_text(answers + origin)
        (service.path / "uv.lock").write_text(LOCK)
        git(service.path, "init", "--quiet")
        commit(service.path)
        return service.path

    return committed


def commit(folder: Path) -> None:
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "all")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)
