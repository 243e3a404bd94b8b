"""A folder beside the target that becomes the target in one step, or never was."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import UsageError, UserError

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no file locks of this kind
    fcntl = None  # type: ignore[assignment]


published: list[Path] = []
"""What this process has put in place; a stop from then on takes nothing away."""


def check_target(target: Path) -> None:
    """Refuse a target that could not be replaced by a whole service."""
    if target.exists() and not target.is_dir():
        message = f"`{target}` is a file"
        raise UsageError(message, hint="choose another place: `--output DIR`")
    if target.is_dir() and any(target.iterdir()):
        message = f"`{target}` is not empty"
        raise UsageError(message, hint="choose another name, or another place: `--output DIR`")
    if target == Path.cwd():
        message = "the folder you are in cannot be replaced"
        raise UsageError(message, hint=f"run `cd ..` and then `--output {target.name}`")


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A fresh folder next to `target`, removed again unless it was published.

    It is locked while this process lives, so that the folder of a killed run is
    told from the folder of one that is still at work.
    """
    made = _make_parents(target.parent)
    try:
        _clear_dead_runs(target)
        folder, lock = _locked_folder(target)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
    finally:
        for parent in reversed(made):
            with suppress(OSError):
                parent.rmdir()


def publish(folder: Path, target: Path) -> None:
    """Make the folder the target; an empty folder of that name is replaced."""
    folder.chmod(0o777 & ~_umask())
    try:
        folder.rename(target)
    except OSError as wrong:
        if target.is_dir() and any(target.iterdir()):
            message = f"`{target}` was filled by somebody else meanwhile"
            raise UserError(message, hint="nothing was written; choose another name") from wrong
        raise
    published.append(target)


def even_modes(folder: Path) -> None:
    """Give files the usual modes: an installed template may be read-only."""
    mask = _umask()
    for path in folder.rglob("*"):
        if path.is_symlink():
            continue
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod((0o777 if executable else 0o666) & ~mask)


def _make_parents(folder: Path) -> list[Path]:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _prefix(target: Path) -> str:
    return f".msgen-{target.name}-"


def _locked_folder(target: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
        lock = _lock(folder)
        if lock is not None:
            return folder, lock


def _lock(folder: Path) -> int | None:
    """Lock a folder until this process ends; nothing when another process holds it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
    if not folder.exists():
        os.close(descriptor)
        return None
    return descriptor


def _clear_dead_runs(target: Path) -> None:
    if fcntl is None:  # without locks the dead cannot be told from the living
        return
    for folder in target.parent.glob(f"{_prefix(target)}*"):
        lock = _lock(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
