"""Templates in the user's cache, each in a folder named by its checksum."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from . import archive
from .errors import UserError


def find(checksum: str) -> Path | None:
    """The template with this checksum, if it lies here undamaged."""
    place = _folder() / checksum
    return place if _is_whole(place, checksum) else None


def unpacked(packed: Path, checksum: str) -> Path:
    """A released template; unpacked again when the cache has lost or damaged it."""

    def fill(folder: Path) -> None:
        archive.unpack(packed, folder)
        if archive.checksum(folder) != checksum:
            message = f"`{packed}` is not what was released"
            raise UserError(message, hint="install msgen again")

    return _kept(checksum, fill)


def keep(root: Path) -> Path:
    """The template as it lies there now, copied so that it outlasts the next edit."""
    return _kept(archive.checksum(root), lambda folder: archive.copy(root, folder))


def _kept(checksum: str, fill: Callable[[Path], None]) -> Path:
    found = find(checksum)
    if found:
        return found
    place = _folder() / checksum
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f"{checksum[:12]}-", dir=place.parent))
    except OSError:
        fresh = passing()
        fill(fresh)
        return fresh
    try:
        fill(fresh)
        return _put(fresh, place, checksum)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _put(fresh: Path, place: Path, checksum: str) -> Path:
    """Rename into place; whoever else was quicker has put the same there."""
    if place.exists() and not _is_whole(place, checksum):
        damaged = Path(tempfile.mkdtemp(prefix="damaged-", dir=place.parent))
        with suppress(OSError):
            place.replace(damaged / "x")
        shutil.rmtree(damaged, ignore_errors=True)
    try:
        fresh.rename(place)
    except OSError:
        if not _is_whole(place, checksum):
            raise
    return place


def passing() -> Path:
    """Where no cache can be written, a folder for as long as this process lives."""
    folder = tempfile.mkdtemp(prefix="msgen-template-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _is_whole(place: Path, checksum: str) -> bool:
    try:
        identity = (place / archive.IDENTITY).read_text(encoding="ascii").strip()
        return identity == checksum == archive.checksum(place)
    except (OSError, ValueError):
        return False


def home() -> Path:
    """`$MSGEN_CACHE`, or where the platform keeps caches."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("MSGEN_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("msgen", appauthor=False)


def _folder() -> Path:
    return home() / "templates"
