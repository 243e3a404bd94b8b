"""What follows once the service is written; a step that fails takes nothing away."""

import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from . import console, git

_STOPPED = "stopped"

Status = Literal["done", "skipped", "failed"]


@dataclass(frozen=True)
class Step:
    """How one step went, and how to finish it by hand."""

    name: str
    status: Status
    detail: str
    by_hand: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def run(target: Path, *, install: bool, git: bool) -> list[Step]:
    """Install first, so that the first commit holds `uv.lock`; Ctrl-C stops what is left."""
    steps: list[Step] = []
    for name, step, wanted in (("install", _install, install), ("git", _git, git)):
        if any(each.detail == _STOPPED for each in steps):
            steps.append(Step(name, "skipped", _STOPPED, _BY_HAND[name]()))
        else:
            steps.append(_guarded(name, step, target, wanted=wanted))
    return steps


def _guarded(name: str, step: Callable[[Path], Step], target: Path, *, wanted: bool) -> Step:
    by_hand = _BY_HAND[name]()
    if not wanted:
        return Step(name, "skipped", f"as `--no-{name}` says", by_hand)
    try:
        return step(target)
    except KeyboardInterrupt:
        return Step(name, "failed", _STOPPED, by_hand)
    except OSError as wrong:
        return Step(name, "failed", str(wrong), by_hand)


def _install(target: Path) -> Step:
    if not is_project(target):
        return Step("install", "skipped", "there is no Python project to install")
    by_hand = _BY_HAND["install"]()
    with console.progress("Installing the dependencies with `uv sync`"):
        ran = run_uv(["sync", "--quiet"], target)
    if ran.returncode:
        return Step("install", "failed", last_words(ran), by_hand)
    return Step("install", "done", "dependencies in `.venv`, versions in `uv.lock`")


def _git(target: Path) -> Step:
    by_hand = _BY_HAND["git"]()
    if not shutil.which("git"):
        return Step("git", "failed", "git is not installed or not on the `PATH`", by_hand)
    environment = git.environment()
    inside = _run(["git", "rev-parse", "--show-toplevel"], target, environment)
    if inside.returncode == 0:
        detail = f"the repository `{inside.stdout.strip()}` is around it; none was made inside"
        return Step("git", "skipped", detail)
    for command in (
        ["git", "init", "--quiet", "--initial-branch", "main"],
        ["git", "add", "--all"],
        ["git", "commit", "--quiet", "--message", "Generate the service with msgen"],
    ):
        ran = _run(command, target, environment)
        if ran.returncode:
            return _git_failure(command, ran, by_hand)
    return Step("git", "done", "repository with a first commit on `main`")


def _git_failure(
    command: Sequence[str], ran: subprocess.CompletedProcess[str], by_hand: tuple[str, ...]
) -> Step:
    if command[1] == "commit" and "user.email" in ran.stderr:
        identity = ("git config --global user.name 'Your Name'",
                    "git config --global user.email you@example.org")  # fmt: skip
        detail = "everything is staged, but git does not know who commits"
        return Step("git", "skipped", detail, (*identity, by_hand[-1]))
    return Step("git", "failed", f"`{shlex.join(command[:2])}`: {last_words(ran)}", by_hand)


def is_project(folder: Path) -> bool:
    """Whether there is something that `uv` can install."""
    try:
        return "project" in tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False


def _install_by_hand() -> tuple[str, ...]:
    if shutil.which("uv"):
        return ("uv sync",)
    return (f"{shlex.quote(sys.executable)} -m uv sync",)


_BY_HAND: dict[str, Callable[[], tuple[str, ...]]] = {
    "install": _install_by_hand,
    "git": lambda: (
        "git init --initial-branch main",
        "git add --all",
        "git commit --message 'Generate the service with msgen'",
    ),
}


def run_uv(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run uv with this interpreter."""
    return _run([*_uv(), *words], folder, _install_environment())


def run_in(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of the service."""
    return _run(command, folder, os.environ)


def _uv() -> list[str]:
    from uv import find_uv_bin

    return [os.fsdecode(find_uv_bin())]


def _install_environment() -> dict[str, str]:
    """This interpreter and no other: uv must neither search for one nor download one."""
    kept = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    interpreter = getattr(sys, "_base_executable", None) or sys.executable
    return {"UV_PYTHON": interpreter, **kept, "UV_PYTHON_DOWNLOADS": "never"}


def _run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def last_words(ran: subprocess.CompletedProcess[str]) -> str:
    """The sentence of a failed tool that says why."""
    lines = [line.strip() for line in (ran.stderr or ran.stdout).splitlines() if line.strip()]
    telling = [line for line in lines if line.lower().startswith(("error", "fatal", "×"))]
    return (telling or lines or [f"it ended with code {ran.returncode}"])[-1]
