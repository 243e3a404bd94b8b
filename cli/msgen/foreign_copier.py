"""Renders templates that are not ours: Copier decides, on the terms that somebody agreed to."""

import os
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from . import foreign_trust, git
from .errors import UserError
from .releases import Snapshot
from .render import ANSWERS_FILE, fast_path, one_line, record_origin, run_publicly

_PLACEHOLDER = b"\0msgen: this file is the team's\0"
_PASSED_OVER = {".git", ".venv", "node_modules"}


def render(snapshot: Snapshot, answers: Mapping[str, Any], folder: Path) -> None:
    """Write the service into an existing empty folder.

    Raises UserError, before anything of the template has run, when it is not trusted.
    """
    foreign_trust.check(snapshot)
    fast = _fast()
    with _explained(), _tasks_on_stderr():
        if fast is None:
            render_publicly(snapshot, answers, folder)
        else:
            fast.render(snapshot, answers, folder, **_options(snapshot))
    if snapshot.terms.updating and snapshot.config.get("_tasks"):
        _drop_what_tasks_leave(folder)


def answered(snapshot: Snapshot, answers: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """Every answer as Copier works it out, and which of them it would not ask for.

    Raises what Copier raises, and UserError when the template is not trusted.
    """
    foreign_trust.check(snapshot)
    fast = _fast()
    with TemporaryDirectory(prefix="msgen-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {**_options(snapshot), "skip_tasks": True}
        if fast is not None:
            found = fast.answered(snapshot, answers, Path(folder), **options)
        else:
            found = run_publicly(
                snapshot.root, answers, _named(snapshot, folder), pretend=True, **options
            )
        combined = found.answers.combined
        known = {key: combined[key] for key in found.template.questions_data if key in combined}
        return known, set(found.answers.hidden)


def render_publicly(snapshot: Snapshot, answers: Mapping[str, Any], folder: Path) -> None:
    """The same through Copier's public interface alone: the reference, and the fallback."""
    with TemporaryDirectory(prefix="msgen-") as scratch:
        target = _named(snapshot, scratch)
        placed = list(_place_holders(snapshot, target))
        run_publicly(snapshot.root, answers, target, **_options(snapshot))
        for path in placed:
            if path.is_file() and path.read_bytes() == _PLACEHOLDER:
                path.unlink()
        for path in target.iterdir():
            shutil.move(path, folder / path.name)
    if (folder / ANSWERS_FILE).is_file():
        record_origin(folder / ANSWERS_FILE, snapshot)


def _options(snapshot: Snapshot) -> dict[str, Any]:
    """A name of its own for the answers file would hide it from every later command."""
    terms = snapshot.terms
    return {
        "answers_file": Path(ANSWERS_FILE),
        "skip_if_exists": terms.skip,
        "skip_tasks": not terms.tasks,
        "unsafe": foreign_trust.is_trusted(snapshot),
    }


def _named(snapshot: Snapshot, scratch: str) -> Path:
    """A folder with the service's name, because templates may ask for it."""
    service = snapshot.terms.service
    return Path(scratch, service.name if service else "service")


def _place_holders(snapshot: Snapshot, target: Path) -> Iterator[Path]:
    """What the service has already, so that Copier sees what it must not write again."""
    service = snapshot.terms.service
    if service is None or not snapshot.terms.updating:
        return
    for here, folders, files in os.walk(service):
        folders[:] = [each for each in folders if each not in _PASSED_OVER]
        for name in files:
            path = target / Path(here, name).relative_to(service)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_PLACEHOLDER)
            yield path


def _drop_what_tasks_leave(folder: Path) -> None:
    """A repository, and what git ignores, such as a virtual environment."""
    shutil.rmtree(folder / ".git", ignore_errors=True)
    with TemporaryDirectory(prefix="msgen-") as scratch:
        git.run("init", "--quiet", "--bare", ".", cwd=Path(scratch))
        at = {"GIT_DIR": scratch, "GIT_WORK_TREE": str(folder)}
        git.run("-c", "core.bare=false", "clean", "-ffdXq", cwd=folder, extra=at)


def _fast() -> Any:
    if fast_path() is None:
        return None
    from . import foreign_worker

    return foreign_worker


@contextmanager
def _explained() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (OSError, UserError, MemoryError):
        raise
    except Exception as wrong:
        message = f"the template could not be rendered: {one_line(wrong)}"
        hint = "nothing was written; those who keep the template can mend it"
        raise UserError(message, hint=hint) from wrong


@contextmanager
def _tasks_on_stderr() -> Iterator[None]:
    """What programs print is no result of ours."""
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:
        yield
        return
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
