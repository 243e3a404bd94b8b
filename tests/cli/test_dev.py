"""`dev.py`: the two commands of the README, on machines of many kinds."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = (
    "LICENSE",
    "README.md",
    "cli",
    "copier.yml",
    "dev.py",
    "hatch_build.py",
    "presets",
    "pyproject.toml",
    "releases",
    "template",
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The clone of a newcomer: nothing was made in it yet."""
    place = tmp_path / "clone"
    place.mkdir()
    for name in PARTS:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, place / name)
    return place


def _dev(clone: Path, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    kept = {key: value for key, value in os.environ.items() if key != "MSGEN_CONFIG"}
    return subprocess.run(
        [sys.executable, "dev.py", *words],
        cwd=clone,
        env={**kept, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def _found(path: Path, pyenv: Path, running: str) -> "subprocess.CompletedProcess[str]":
    """What `find_python` finds when `running` is the interpreter that was started."""
    probe = f"import sys; sys.executable = {running!r}; import dev; print(dev.find_python())"
    return subprocess.run(
        [sys.executable, "-c", probe],
        cwd=ROOT,
        env={"PATH": str(path), "PYENV_ROOT": str(pyenv), "HOME": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def _program(file: Path, script: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_it_parses_with_python_3_8() -> None:
    compile((ROOT / "dev.py").read_text(), "dev.py", "exec", dont_inherit=True)

    import ast

    ast.parse((ROOT / "dev.py").read_text(), feature_version=(3, 8))


def test_the_running_interpreter_is_preferred(tmp_path: Path) -> None:
    said = _found(tmp_path / "bin", tmp_path / "pyenv", sys.executable)

    assert said.stdout.strip() == sys.executable


def test_shims_that_fail_are_passed_over(tmp_path: Path) -> None:
    old = _program(tmp_path / "bin/old", "echo 3.9; echo complete")
    _program(tmp_path / "bin/python3", "echo 'pyenv: python3: command not found' >&2; exit 127")
    _program(tmp_path / "bin/python3.13", "exit 127")
    works = _program(tmp_path / "pyenv/versions/3.12.1/bin/python3", "echo 3.12; echo complete")

    said = _found(tmp_path / "bin", tmp_path / "pyenv", str(old))

    assert said.stdout.strip() == str(works)


def test_an_interpreter_that_makes_no_environments_is_passed_over(tmp_path: Path) -> None:
    bare = _program(tmp_path / "bin/python3.13", "echo 3.13; exit 1")
    works = _program(tmp_path / "bin/python3.11", "echo 3.11; echo complete")

    said = _found(tmp_path / "bin", tmp_path / "pyenv", str(bare))

    assert said.stdout.strip() == str(works)


def test_without_a_fitting_python_it_says_which_and_how(clone: Path, tmp_path: Path) -> None:
    probe = "import sys, dev; sys.executable = sys.argv[1]; sys.exit(dev.main(['try']))"
    old = _program(tmp_path / "bin/python3", "echo 3.9; echo complete")

    said = subprocess.run(
        [sys.executable, "-c", probe, str(old)],
        cwd=clone,
        env={"PATH": str(tmp_path / "bin"), "PYENV_ROOT": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 1
    assert "Python 3.11, 3.12, 3.13 or 3.14 is needed" in said.stderr
    assert f"{old} is 3.9" in said.stderr
    assert "apt install python3" in said.stderr
    assert not (clone / ".venv").exists()


def test_trying_it_ends_with_an_order(clone: Path) -> None:
    first = _dev(clone, "try")
    again = _dev(clone, "try")

    assert first.returncode == 0, first.stdout + first.stderr
    assert "POST /orders: 201" in first.stdout
    assert '"status": "placed"' in first.stdout
    assert "cd my-service" in first.stdout
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Generating" not in again.stdout
    assert "POST /orders: 201" in again.stdout


def test_the_tests_run_in_an_environment_of_their_own(clone: Path) -> None:
    for name in ("__init__.py", "conftest.py", "cli", "docker", "support"):
        source, copy = ROOT / "tests" / name, clone / "tests" / name
        copy.parent.mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copy)

    said = _dev(clone, "test", "tests/cli/test_start.py", "-k", "version_is_printed")

    assert said.returncode == 0, said.stdout + said.stderr
    assert "1 passed" in said.stdout
    assert (clone / ".venv").is_dir()


def test_a_folder_that_is_not_a_service_is_left_alone(clone: Path) -> None:
    (clone / "notes").mkdir()
    (clone / "notes/mine.txt").write_text("mine")
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/installed-msgen").write_text((clone / "pyproject.toml").read_text())

    said = _dev(clone, "try", "notes")

    assert said.returncode == 1
    assert "`notes` exists already" in said.stderr
    assert (clone / "notes/mine.txt").read_text() == "mine"


@pytest.mark.parametrize(("words", "code"), [([], 2), (["tri"], 2), (["--help"], 0)])
def test_other_words_show_how_it_is_used(clone: Path, words: list[str], code: int) -> None:
    said = _dev(clone, *words)

    assert said.returncode == code
    assert "python3 dev.py try" in said.stderr
