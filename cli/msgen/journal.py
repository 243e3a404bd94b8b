"""Puts a merge into the work tree so that a kill at any moment loses nothing.

A journal in the git directory is written before the first file changes, and becomes the
record of the update (for `--abort` and `--continue`) in one rename after the last. The new
index is prepared as a copy and renamed into place under git's own lock.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from . import console, trees
from .entries import Entry, Step, read, write
from .errors import UserError
from .git import Repository
from .restoring import own_index, restore, tidy

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no file locks of this kind
    fcntl = None  # type: ignore[assignment]

_FOLDER, _JOURNAL, _LOCK = "msgen", "journal.json", "lock"

written: list[Path] = []
"""Services that this process has changed."""


def folder(repository: Repository) -> Path:
    """Where journals and locks lie."""
    return repository.git_dir / _FOLDER


@contextmanager
def alone(repository: Repository) -> Iterator[None]:
    """Hold the repository against another msgen; raises UserError when one is at work.

    A git that writes to the work tree holds the lock too, because it outlives a kill of ours.
    """
    place = folder(repository)
    place.mkdir(exist_ok=True)
    with (place / _LOCK).open("w") as lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                message = f"another msgen is at work in `{repository.top}`"
                raise UserError(message, hint="wait until it has ended") from None
        os.set_inheritable(lock.fileno(), True)  # noqa: FBT003
        tidy(repository, place)
        yield


def is_left_behind(place: Path) -> bool:
    """Whether a change of a service was interrupted; asks no git."""
    for above in (place, *place.parents):
        git_dir = above / ".git"
        if git_dir.is_file():  # another work tree of a repository
            named = git_dir.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
            git_dir = above / named
        if git_dir.is_dir():
            return (git_dir / _FOLDER / _JOURNAL).is_file()
    return False


def pending(repository: Repository) -> Entry | None:
    """The update of this service that waits to be committed; none once it was."""
    entry = read(_waiting(repository, repository.prefix))
    return entry if entry and entry.tree == repository.tree else None


def put(entry: Entry, repository: Repository, tree: str, unmerged: bytes) -> None:
    """Bring work tree and index to a tree; `unmerged` is index information about conflicts.

    Raises UserError and restores everything when it does not work out.
    """
    _check_way(entry, repository)
    journal = folder(repository) / _JOURNAL
    try:
        with own_index(repository, folder(repository), entry.token) as at:
            # its times and inodes are old where the repository was copied
            repository.git("update-index", "-q", "--refresh", ok=(0, 1), extra=at)
            repository.git("read-tree", "-m", "-u", "-n", "HEAD", tree, extra=at)
            write(journal, entry)
            repository.git("read-tree", "-m", "-u", "HEAD", tree, extra=at, held=True)
            if unmerged:
                repository.git("update-index", "-z", "--index-info", stdin=unmerged, extra=at)
    except (Exception, KeyboardInterrupt):
        if journal.exists():
            _back_out(entry, repository)
        raise
    journal.replace(_waiting(repository, entry.prefix))
    written.append(repository.folder)


def extend(repository: Repository, paths: Sequence[str]) -> None:
    """Add files that were remade and staged afterwards, so that `--abort` takes them back."""
    file = _waiting(repository, repository.prefix)
    entry = read(file)
    if entry:
        steps = {step.path: step for step in entry.steps}
        before, after = _committed(repository, paths), _staged(repository, paths)
        for path in paths:
            steps[path] = Step(path, before.get(path), after.get(path))
        whole = replace(entry, steps=tuple(steps.values()))
        write(file, whole)


def recover(repository: Repository) -> str | None:
    """Finish or take back a change that was interrupted; says what was done."""
    place = folder(repository)
    entry = read(place / _JOURNAL)
    if entry is None:
        return None
    if entry.head != repository.head:
        (place / _JOURNAL).unlink()
        return (f"`{entry.command}` was interrupted, and something was committed since; "
                "it was left as it is, see `git status`")  # fmt: skip
    if not entry.undo and _is_in_index(entry, repository):
        (place / _JOURNAL).replace(_waiting(repository, entry.prefix))
        return f"`{entry.command}` was interrupted after its last file; it is finished"
    saved = restore(entry, repository, place)
    if entry.undo:
        _waiting(repository, entry.prefix).unlink(missing_ok=True)
    (place / _JOURNAL).unlink()
    kept = f"; what you changed meanwhile is in `{saved}`" if saved else ""
    return f"`{entry.command}` was interrupted; everything is as it was before{kept}"


def take_back(entry: Entry, repository: Repository) -> Path | None:
    """Undo a change that waits to be committed; says where it saved what came after it."""
    place = folder(repository)
    write(place / _JOURNAL, replace(entry, undo=True))
    saved = restore(entry, repository, place)
    _waiting(repository, entry.prefix).unlink(missing_ok=True)
    (place / _JOURNAL).unlink()
    return saved


def _waiting(repository: Repository, prefix: str) -> Path:
    """Where the change of one service waits; a repository may have many services."""
    name = sha256(prefix.encode(errors="surrogateescape")).hexdigest()[:12]
    return folder(repository) / f"update-{name}.json"


def _back_out(entry: Entry, repository: Repository) -> None:
    try:
        tidy(repository, folder(repository))
        told = recover(repository)
        if told and "`" in told.partition("meanwhile")[2]:  # something was saved
            console.say(told)
    except Exception as wrong:
        message = f"`{entry.command}` stopped half-way and could not be taken back yet: {wrong}"
        hint = "mend that; the next msgen command here then takes it back"
        raise UserError(message, hint=hint) from wrong


def _check_way(entry: Entry, repository: Repository) -> None:
    """Nothing that git does not follow may lie where a new file goes."""
    followed = {step.path for step in entry.steps if step.before is not None}
    for step in entry.steps:
        if step.before is None and step.after is not None:
            for path in (step.path, *_above(step.path)):
                place = repository.top / path
                if path not in followed and (place.is_file() or place.is_symlink()):
                    message = f"`{path}` is not committed and is in the way of a new file"
                    raise UserError(message, hint="commit it, or move it away")


def _above(path: str) -> list[str]:
    return [str(each) for each in Path(path).parents][:-1]


def _is_in_index(entry: Entry, repository: Repository) -> bool:
    """Whether the index already holds what the change was to bring."""
    staged = _staged(repository)
    decided = [step for step in entry.steps if step.path not in entry.conflicts]
    return all(staged.get(step.path) == step.after for step in decided)


def _staged(repository: Repository, paths: Sequence[str] = ()) -> dict[str, str]:
    words = ("--literal-pathspecs", "ls-files", "--stage", "-z", "--", *paths)
    said = repository.git(*words).decode(errors="surrogateescape")
    return {line.split("\t", 1)[1]: line.split()[1] for line in said.split("\0") if line}


def staged_contents(repository: Repository, paths: Sequence[str]) -> dict[str, bytes]:
    """What is staged under these paths, from the top of the repository."""
    oids = _staged(repository, paths) if paths else {}
    found = trees.contents(oids.values(), repository)
    return {path: found[oid] for path, oid in oids.items()}


def _committed(repository: Repository, paths: Sequence[str]) -> dict[str, str]:
    said = repository.git("ls-tree", "-z", "--full-tree", "HEAD", "--", *paths)
    lines = said.decode(errors="surrogateescape").split("\0")
    return {line.split("\t", 1)[1]: line.split()[2] for line in lines if line}
