"""What this machine has of what msgen needs."""

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from . import config, console, releases, render
from .errors import UserError
from .foreign_answers import UnansweredError
from .plan import OURS, Planner

Verdict = Literal["fine", "note", "missing"]

_MARKS = {"fine": "[green]✓[/]", "note": "[yellow]![/]", "missing": "[red]✗[/]"}
_PYTHONS = ((3, 11), (3, 14))


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    verdict: Verdict
    detail: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def examine() -> list[Finding]:
    """Look at everything; a check that itself fails is a finding."""
    checks: tuple[Callable[[], Finding], ...] = (
        _python, _git, _uv, _copier, _template, _configuration, _command,
    )  # fmt: skip
    return [_checked(check) for check in checks]


def show(findings: Sequence[Finding]) -> None:
    """One line for each, and how to mend what is wrong."""
    for each in findings:
        console.out(f"{_MARKS[each.verdict]} {each.subject:<13} {each.detail}")
        if each.remedy:
            console.out(f"{'':<16}{each.remedy}")


def _checked(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except UserError as wrong:
        return Finding(check.__name__.strip("_"), "missing", str(wrong), wrong.hint or "")


def _python() -> Finding:
    detail = f"{platform.python_version()} at `{sys.executable}`"
    lowest, highest = _PYTHONS
    if lowest <= sys.version_info[:2] <= highest:
        return Finding("python", "fine", detail)
    remedy = "services are tested with 3.11 to 3.14; install msgen with one of these"
    return Finding("python", "note", detail, remedy)


def _git() -> Finding:
    git = shutil.which("git")
    if git is None:
        remedy = "install it with the system's package manager, or use `--no-git`"
        return Finding("git", "missing", "not on the `PATH`", remedy)
    version = _output(git, "--version").removeprefix("git version ")
    if not _output(git, "config", "user.email"):
        remedy = (
            "run `git config --global user.email you@example.org`, and `user.name` likewise"
        )
        return Finding("git", "note", f"{version}, but it does not know who commits", remedy)
    return Finding("git", "fine", version)


def _uv() -> Finding:
    from uv import find_uv_bin

    try:
        binary = os.fsdecode(find_uv_bin())
    except FileNotFoundError:
        remedy = f"run `{sys.executable} -m pip install uv`"
        return Finding("uv", "missing", "its program is not where its package is", remedy)
    return Finding("uv", "fine", f"{_output(binary, '--version').removeprefix('uv ')}")


def _copier() -> Finding:
    version = render.copier_version()
    if render.uses_fast_path():
        return Finding("copier", "fine", version)
    remedy = "nothing to do; services come out the same, more slowly"
    return Finding("copier", "note", f"{version}, newer than what was tested", remedy)


def _template() -> Finding:
    snapshot = releases.current()
    presets = len(Planner(OURS).presets)
    detail = f"{snapshot.tag}, sha256 {snapshot.checksum[:12]}, {presets} preset(s)"
    return Finding("template", "fine", detail)


def _configuration() -> Finding:
    loaded = config.load()
    if not loaded.path.is_file():
        return Finding("configuration", "fine", f"none (it would be `{loaded.path}`)")
    with suppress(UnansweredError):  # another template may ask what only a service knows
        Planner().plan_example()
    return Finding("configuration", "fine", f"`{loaded.path}`")


def _command() -> Finding:
    """GNU gettext ships a program of the same name."""
    ours = Path(sysconfig.get_path("scripts"), "msgen")
    found = shutil.which("msgen")
    if found is None:
        remedy = f"add `{ours.parent}` to it, or run `{sys.executable} -m msgen`"
        return Finding("command", "note", "`msgen` is not on the `PATH`", remedy)
    if Path(found).resolve() == ours.resolve():
        return Finding("command", "fine", f"`{found}`")
    whose = "GNU gettext's" if "gettext" in _output(found, "--version") else "another one"
    remedy = f"put `{ours.parent}` first on the `PATH`, or run `{sys.executable} -m msgen`"
    return Finding("command", "note", f"`{found}` comes first, and it is {whose}", remedy)


def _output(*command: str) -> str:
    try:
        ran = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.strip()
