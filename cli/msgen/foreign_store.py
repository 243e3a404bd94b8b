"""Trees of templates that are not ours, in the user's cache; each under a key of its own."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from . import store
from .archive import IDENTITY, PASSED_OVER

_TREE, _CHECKSUM = "tree", "sha256"


def kept(key: str, fill: Callable[[Path], None]) -> Path:
    """The tree under this key; filled when the cache lacks it or has damaged it."""
    return find(key) or _filled(key, fill)


def find(key: str) -> Path | None:
    """The tree under this key, if it lies here undamaged."""
    place = _folder() / key
    return place / _TREE if _is_whole(place) else None


def copy(root: Path, folder: Path) -> None:
    """Lay a folder as it is now into another, without what tools leave behind."""
    ignored = shutil.ignore_patterns(*PASSED_OVER)
    shutil.copytree(root, folder, symlinks=True, ignore=ignored, dirs_exist_ok=True)


def checksum(root: Path) -> str:
    """SHA-256 over everything below a folder: paths, kinds and contents."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if PASSED_OVER.intersection(inside.parts) or (path.is_dir() and not path.is_symlink()):
            continue
        if path.is_symlink():
            kind, content = "link", os.fsencode(path.readlink())
        else:
            kind = "program" if path.stat().st_mode & 0o100 else "file"
            content = path.read_bytes()
        digest.update(f"{inside.as_posix()}\0{kind}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _filled(key: str, fill: Callable[[Path], None]) -> Path:
    place = _folder() / key
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f"{key[:12]}-", dir=place.parent))
    except OSError:
        passing = store.passing()
        fill(passing)
        return passing
    try:
        (fresh / _TREE).mkdir()
        fill(fresh / _TREE)
        (fresh / _TREE / IDENTITY).unlink(missing_ok=True)  # that of ours, if it is a copy
        (fresh / _CHECKSUM).write_text(checksum(fresh / _TREE) + "\n", encoding="ascii")
        return _put(fresh, place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _put(fresh: Path, place: Path) -> Path:
    """Rename into place; whoever else was quicker has put the same there."""
    if place.exists() and not _is_whole(place):
        shutil.rmtree(place, ignore_errors=True)
    with suppress(OSError):
        fresh.rename(place)
    if not _is_whole(place):
        message = "the cache of templates cannot be written"
        raise OSError(0, message, str(place))
    return place / _TREE


def _is_whole(place: Path) -> bool:
    try:
        return (place / _CHECKSUM).read_text("ascii").strip() == checksum(place / _TREE)
    except (OSError, ValueError):
        return False


def _folder() -> Path:
    return store.home() / "foreign"
