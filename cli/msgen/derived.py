"""Files that are made again after a change: `uv.lock` and the table of settings."""

import shlex
import tomllib
from collections.abc import Sequence
from pathlib import Path

from . import console, journal, poststeps
from .git import Repository
from .poststeps import Step

LOCK, SETTINGS = "uv.lock", "docs/settings.md"
_PYPROJECT = "pyproject.toml"


def remake(
    repository: Repository, changed: Sequence[str], *, install: bool, settings_edited: bool
) -> list[Step]:
    """Make again what the change made stale, and stage it."""
    steps = []
    strangers = _not_followed(repository)
    if _PYPROJECT in changed and poststeps.is_project(repository.folder):
        steps.append(_lock(repository.folder, install=install))
    if settings_edited and (repository.folder / SETTINGS).is_file():
        steps.append(_settings(repository.folder, install=install))
    made = [LOCK for step in steps if step.name == "lock" and step.status == "done"]
    made += [SETTINGS for step in steps if step.name == "settings" and step.status == "done"]
    _stage([path for path in made if path not in strangers], repository)
    return steps


def _not_followed(repository: Repository) -> set[str]:
    """Derived files that lie there but are in no commit: those are nobody's to take back."""
    there = [path for path in (LOCK, SETTINGS) if (repository.folder / path).is_file()]
    followed = repository.git(
        "ls-files", "-z", "--", *(repository.prefix + path for path in there)
    )
    names = followed.decode(errors="surrogateescape").split("\0")
    return {path for path in there if repository.prefix + path not in names}


def _lock(folder: Path, *, install: bool) -> Step:
    installed = (folder / ".venv").is_dir()
    words = ["sync" if installed else "lock", "--quiet"]
    by_hand = (f"uv {words[0]}", f"git add {LOCK}")
    if not install:
        return Step("lock", "skipped", "as `--no-install` says; `uv.lock` is stale", by_hand)
    with console.progress(f"Resolving the dependencies with `uv {words[0]}`"):
        ran = poststeps.run_uv(words, folder)
    if ran.returncode:
        return Step("lock", "failed", poststeps.last_words(ran), by_hand)
    return Step("lock", "done", "`uv.lock` fits the dependencies again")


def _settings(folder: Path, *, install: bool) -> Step:
    """The service itself writes the table, so it has to be installed."""
    command = _command(folder)
    by_hand = (f"uv run {shlex.quote(command)} settings --write", f"git add {SETTINGS}")
    program = folder / ".venv/bin" / command
    if not install or not command or not program.is_file():
        return Step("settings", "skipped", f"`{SETTINGS}` may be stale", by_hand)
    ran = poststeps.run_in([str(program), "settings", "--write"], folder)
    if ran.returncode:
        return Step("settings", "failed", poststeps.last_words(ran), by_hand)
    return Step("settings", "done", f"`{SETTINGS}` lists the settings as they are now")


def _command(folder: Path) -> str:
    try:
        project = tomllib.loads((folder / _PYPROJECT).read_text("utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return ""
    return next(iter(project.get("scripts", {})), "")


def _stage(made: Sequence[str], repository: Repository) -> None:
    """Only what git follows already, or would by itself."""
    paths = [repository.prefix + path for path in made]
    stdin = "".join(f"{path}\0" for path in paths).encode(errors="surrogateescape")
    said = repository.git("check-ignore", "-z", "--stdin", stdin=stdin, ok=(0, 1))
    ignored = said.decode(errors="surrogateescape").split("\0")
    paths = [path for path in paths if path not in ignored]
    if paths:
        repository.git("--literal-pathspecs", "add", "--", *paths)
        journal.extend(repository, paths)
