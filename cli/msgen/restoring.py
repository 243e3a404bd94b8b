"""Takes a change back from work tree and index; what neither side wrote is saved first."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import UserError
from .git import Repository

if TYPE_CHECKING:
    from .entries import Entry

_BY_LIST = ("--pathspec-from-file=-", "--pathspec-file-nul")
_MARK = "msgen-"


class LockedError(UserError):
    """Git's lock on the index is somebody else's; nothing was changed."""


@contextmanager
def own_index(repository: Repository, folder: Path, token: str) -> Iterator[dict[str, str]]:
    """A copy of the index for git to write to, put in place in one rename at the end.

    Git's own lock is held meanwhile; a token is in it from its first moment on, so that
    `tidy` knows whose it was.
    """
    lock, own = _lock_of(repository), folder / "index"
    try:
        _take(lock, folder / "index.token", _MARK + token)
    except FileExistsError:
        message = f"`{lock}` is there: another git works here, or was killed"
        raise LockedError(message, hint="if none is running, remove that file") from None
    try:
        shutil.copyfile(repository.index, own)
        yield {"GIT_INDEX_FILE": str(own)}
        own.replace(repository.index)
    finally:
        own.unlink(missing_ok=True)
        lock.unlink(missing_ok=True)


def _take(lock: Path, mark: Path, token: str) -> None:
    """Make the lock with the token in it; where there are no hard links, in two steps."""
    mark.write_text(token)
    try:
        os.link(mark, lock)
    except FileExistsError:
        raise
    except OSError:
        with lock.open("x") as opened:
            opened.write(token)
    finally:
        mark.unlink()


def tidy(repository: Repository, folder: Path) -> None:
    """Remove what a killed msgen has left; no other one may be at work."""
    for leftover in (*folder.glob("index*"), *folder.glob("msgen-*")):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink()
    lock = _lock_of(repository)
    if lock.is_file() and lock.read_bytes().startswith(_MARK.encode()):
        lock.unlink()


def restore(entry: "Entry", repository: Repository, folder: Path) -> Path | None:
    """Bring the files of a change back to HEAD; says where it saved others' edits."""
    saved = _save_strangers(entry, repository, folder / f"saved-{entry.token[:8]}")
    existed = [step.path for step in entry.steps if step.before is not None]
    added = [step.path for step in entry.steps if step.before is None]
    with own_index(repository, folder, entry.token) as at:
        if added:
            repository.git(
                "--literal-pathspecs", "rm", "--cached", "--quiet", "--force", "--sparse",
                "--ignore-unmatch", *_BY_LIST, stdin=listed(added), extra=at,
            )  # fmt: skip
            _remove(added, repository)
        if existed:
            repository.git(
                "--literal-pathspecs", "checkout", "--quiet", "--ignore-skip-worktree-bits",
                "HEAD", *_BY_LIST,
                stdin=listed(existed), extra=at, held=True,
            )  # fmt: skip
        if (repository.git_dir / "info/sparse-checkout").is_file():
            repository.git("sparse-checkout", "reapply", extra=at, ok=(0, 1, 128))
    return saved


def listed(paths: Sequence[str]) -> bytes:
    """Paths as git takes them from its input."""
    return b"".join(path.encode(errors="surrogateescape") + b"\0" for path in paths)


def _remove(paths: Sequence[str], repository: Repository) -> None:
    for path in paths:
        place = repository.top / path
        if _is_elsewhere(place, repository):
            continue
        if place.is_file() or place.is_symlink():
            place.unlink()
        _drop_empty_folders(place.parent, repository)


def _save_strangers(entry: "Entry", repository: Repository, saved: Path) -> Path | None:
    """Copy away what is neither before nor after, such as edits made since the interruption."""
    places = {step.path: repository.top / step.path for step in entry.steps}
    there = [
        step
        for step in entry.steps
        if os.path.lexists(places[step.path])
        and not _is_elsewhere(places[step.path], repository)
    ]
    plain = [step for step in there if _is_plain(places[step.path])]
    known = _hashes([step.path for step in plain], repository)
    strange = [
        step.path
        for step in there
        if step not in plain or known[step.path] not in {step.before, step.after}
    ]
    for path in strange:
        _save(places[path], saved / path)
    return saved if strange else None


def _is_plain(place: Path) -> bool:
    return place.is_file() and not place.is_symlink()


def _is_elsewhere(place: Path, repository: Repository) -> bool:
    """Whether a link leads to it: then it is not the file that was meant."""
    folders = place.relative_to(repository.top).parents
    return any((repository.top / folder).is_symlink() for folder in folders)


def _hashes(paths: Sequence[str], repository: Repository) -> dict[str, str]:
    """What git would call the contents of these files."""
    if not paths:
        return {}
    names = b"\n".join(_quoted(path) for path in paths)
    said = repository.git("hash-object", "--stdin-paths", stdin=names).decode().split()
    return dict(zip(paths, said, strict=True))


def _save(place: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir() and not place.is_symlink():
        shutil.copytree(place, to, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy(place, to, follow_symlinks=False)


def _quoted(path: str) -> bytes:
    """As git reads a path from a line."""
    name = path.encode(errors="surrogateescape")
    name = name.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + name + b'"'


def _drop_empty_folders(place: Path, repository: Repository) -> None:
    while place != repository.folder and place.is_relative_to(repository.folder):
        try:
            place.rmdir()
        except OSError:
            return
        place = place.parent


def _lock_of(repository: Repository) -> Path:
    return repository.index.with_name(repository.index.name + ".lock")
