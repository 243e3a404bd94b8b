"""The template is an ordinary Copier template; msgen renders it as Copier does."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgen.releases import current
from msgen.render import render, render_publicly
from pytest_copier.plugin import CopierFixture

from tests.support.rendering import ROOT, Generate, Service

PRESETS = sorted(path.stem for path in (ROOT / "presets").glob("*.yml"))
ORIGIN = re.compile(r"^_(commit|src_path|template_sha256):.*\n(?: .*\n)*", re.MULTILINE)
ANSWERS_FILE = ".copier-answers.yml"

every_preset = pytest.mark.parametrize("preset", PRESETS)


@every_preset
def test_msgen_writes_the_tree_that_copier_writes(
    copier: CopierFixture, generate: Generate, tmp_path: Path, preset: str
) -> None:
    ours = generate(preset, name="orders", code_owners="@acme/platform", licence="MIT")
    asked = yaml.safe_load(ours.text(ANSWERS_FILE))
    answers = {key: value for key, value in asked.items() if not key.startswith("_")}

    theirs = copier.copy(tmp_path / "orders", **answers)

    assert _tree(ours.path) == _tree(theirs.path)


def test_fast_path_and_public_interface_agree(service: Service, tmp_path: Path) -> None:
    given = {
        key: value
        for key, value in yaml.safe_load(service.text(ANSWERS_FILE)).items()
        if not key.startswith("_")
    }
    for renderer in (render, render_publicly):
        (tmp_path / renderer.__name__).mkdir()
        renderer(current(), given, tmp_path / renderer.__name__)

    fast, public = tmp_path / "render", tmp_path / "render_publicly"
    assert _tree(fast) == _tree(public)
    assert (fast / ANSWERS_FILE).read_bytes() == (public / ANSWERS_FILE).read_bytes()


def test_rendering_twice_gives_the_same_tree(copier: CopierFixture, tmp_path: Path) -> None:
    first = copier.copy(tmp_path / "orders", name="orders")
    before = _tree(first.path)

    copier.copy(tmp_path / "orders", name="orders")

    assert _tree(first.path) == before


def test_plain_copier_copies_from_a_clone_and_updates(tmp_path: Path) -> None:
    """Without `--trust`, as Renovate's copier manager runs it."""
    source = _repository(tmp_path / "template")
    target = tmp_path / "orders"
    _copier("copy", "--defaults", "--data", "name=orders", str(source), str(target))
    _git(target, "init")
    _commit(target)
    recorded: dict[str, Any] = yaml.safe_load((target / ANSWERS_FILE).read_text())
    before = _tree(target)

    _release(source, "v1.1.0")
    _copier("update", "--defaults", cwd=target)

    assert recorded["_commit"] == "v1.0.0"
    assert yaml.safe_load((target / ANSWERS_FILE).read_text())["_commit"] == "v1.1.0"
    after = _tree(target)
    assert after.pop("NEW.md") == b"New.\n"
    assert after == before


def _tree(folder: Path) -> dict[str, bytes]:
    """Contents by path; without `.git`, and without where the template came from."""
    tree = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }
    tree[ANSWERS_FILE] = ORIGIN.sub("", tree[ANSWERS_FILE].decode()).encode()
    return tree


def _repository(folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(ROOT / "copier.yml", folder)
    shutil.copytree(ROOT / "template", folder / "template")
    _git(folder, "init")
    _commit(folder)
    _git(folder, "tag", "v1.0.0")
    return folder


def _release(repository: Path, tag: str) -> None:
    (repository / "template/service/NEW.md").write_text("New.\n")
    _commit(repository)
    _git(repository, "tag", tag)


def _commit(folder: Path) -> None:
    _git(folder, "add", "--all", "--force")
    _git(folder, "commit", "--quiet", "--message", "all")


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def _copier(*arguments: str, cwd: Path | None = None) -> None:
    command = [sys.executable, "-m", "copier", *arguments, "--quiet"]
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
