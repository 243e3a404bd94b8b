"""Updates as branches: commits and references, without work tree, index or HEAD."""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from shutil import rmtree

from packaging.version import InvalidVersion, Version

from . import git, journal
from .errors import UserError
from .git import GitError, Repository

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no file locks of this kind
    fcntl = None  # type: ignore[assignment]

START = "msgen/update-"
UPDATE, SERVICE = "Msgen-Update", "Msgen-Service"
"""The last lines of a commit of ours; they tell it from a commit of the team's."""

_LOOK = 200
"""Commits on a branch, beyond which it is not ours for sure."""


@dataclass(frozen=True)
class Tip:
    """A branch that is there already."""

    oid: str
    ours: bool
    """Whether its last commit is msgen's, for this service."""
    current: bool
    """Whether it is what is committed now, an update, and what a team added to it."""
    merged: bool
    """Whether everything on it is committed now."""
    checked_out: str
    """The work tree that it is checked out in."""

    @property
    def replaceable(self) -> bool:
        """Whether nobody loses anything when it points elsewhere."""
        return (self.ours or self.merged) and not self.checked_out


def name(version: str, prefix: str) -> str:
    """The branch for one service; in a repository of many each gets its own."""
    return START + version + (f"/{label(prefix)}" if prefix else "")


def label(prefix: str) -> str:
    """A service's folder as a part of a branch's name."""
    words = re.sub(r"[^\w.-]|\.{2,}", "-", prefix.strip("/"))
    return re.sub(r"\.lock$|\.$|^[.-]", "-", words)


def waiting(repository: Repository, after: Version) -> list[str]:
    """Our branches of this service that are not merged, the newest version last."""
    said = repository.git("for-each-ref", "--no-merged=HEAD", "--format=%(refname:short)",
                          f"refs/heads/{START}*", f"refs/heads/{START}*/*")  # fmt: skip
    end = f"/{label(repository.prefix)}" if repository.prefix else ""
    found = []
    for line in said.decode(errors="surrogateescape").splitlines():
        with suppress(InvalidVersion):
            version = Version(line.removeprefix(START).removesuffix(end))
            if line.endswith(end) and version > after:
                found.append((version, line))
    return [line for _, line in sorted(found)]


def look(repository: Repository, branch: str, version: str) -> Tip | None:
    """What is known of a branch, if it is there."""
    reference = f"refs/heads/{branch}"
    fields = "%(refname)%00%(objectname)%00%(worktreepath)"
    listed = repository.git("for-each-ref", f"--format={fields}", reference).decode(
        errors="surrogateescape"
    )
    for line in listed.splitlines():
        found, oid, place = line.split("\0")
        if found == reference:
            return _tip(repository, oid, version, place)
    return None


def in_the_way(repository: Repository, branch: str, tip: Tip) -> UserError:
    """Why a branch that is there stays as it is."""
    if tip.checked_out:
        message = f"`{branch}` is checked out in `{tip.checked_out}`"
        return UserError(message, hint="go to another branch there, then run this again")
    message = f"`{branch}` is there, and its last commit is not msgen's"
    there = f"git -C {shlex.quote(str(repository.top))}"
    hint = f"merge it, or put it aside: `{there} branch -m {branch} NEW-NAME`"
    return UserError(message, hint=hint)


def _tip(repository: Repository, oid: str, version: str, place: str) -> Tip:
    trailers = "%x00".join(
        f"%(trailers:key={key},valueonly,separator=%x2C)" for key in (UPDATE, SERVICE)
    )
    said = repository.git("log", "--first-parent", f"--max-count={_LOOK}",
                          f"--format=%P%x00{trailers}", f"HEAD..{oid}")  # fmt: skip
    lines = said.decode(errors="replace").splitlines()
    commits = [tuple(line.split("\0")) for line in lines]
    mine = (version, repository.prefix or ".")
    own = [each[1:] == mine for each in commits]
    return Tip(
        oid,
        ours=bool(own) and own[0],
        current=any(own) and commits[-1][0].split()[:1] == [repository.head],
        merged=not commits,
        checked_out=place,
    )


def commit(repository: Repository, tree: str, *, subject: str, body: str, version: str) -> str:
    """A commit upon HEAD that nothing points to yet."""
    trailers = f"{UPDATE}: {version}\n{SERVICE}: {repository.prefix or '.'}"
    message = f"{subject}\n\n{body}\n\n{trailers}\n".encode()
    try:
        said = repository.git("commit-tree", tree, "-p", repository.head, stdin=message)
    except GitError as wrong:
        if "ident" not in wrong.detail and "email" not in wrong.detail:
            raise
        hint = "run `git config --global user.name …` and `git config --global user.email …`"
        unknown = "git does not know who commits"
        raise UserError(unknown, hint=hint) from wrong
    return said.decode().strip()


def point(repository: Repository, branch: str, oid: str, old: Tip | None) -> None:
    """Let the branch point to the commit, if it is still as it was seen."""
    before = old.oid if old else "0" * len(oid)
    words = ("update-ref", "-m", "msgen fleet update", f"refs/heads/{branch}", oid, before)
    repository.git(*words)


@contextmanager
def beside(repository: Repository) -> Iterator[None]:
    """Hold off whoever changes the work tree with msgen; others of a fleet may come along.

    Clears away what a killed one has left. Raises UserError when another msgen is at work.
    """
    place = journal.folder(repository)
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        if fcntl is not None:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for leftover in place.glob("msgen-*"):
                    rmtree(leftover, ignore_errors=True)
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                message = f"another msgen is at work in `{repository.top}`"
                raise UserError(message, hint="wait until it has ended") from None
        yield


def committed(repository: Repository, path: str, oid: str = "HEAD") -> bytes:
    """A file of the service in a commit; raises GitError when it is not there."""
    return git.run("cat-file", "blob", f"{oid}:{repository.prefix}{path}", cwd=repository.top)
