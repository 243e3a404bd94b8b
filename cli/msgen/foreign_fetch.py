"""Brings a template's repository into the user's cache, and never asks for anything."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from . import git, store
from .errors import UserError

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no file locks of this kind
    fcntl = None  # type: ignore[assignment]

QUIETLY = ("-c", "gc.auto=0", "-c", "core.askPass=", "-c", "credential.interactive=false")
"""Old commits stay, because services record them; and nobody is ever asked for a password."""
HEAD = "refs/msgen/HEAD"
"""What the other side has checked out."""
_REFS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_CREDENTIALS = (
    "could not read|authentication failed|terminal prompts disabled|permission denied"
    "|host key verification|40[13]"
)
_ABSENT = "does not appear to be a git|not found|does not exist|no such file"


def without_secret(text: str) -> str:
    """The text with no password in any URL: over HTTP a user's name may be one too."""
    text = re.sub(r"(https?://)[^/\s]*@", r"\1", text)
    return re.sub(r"(://[^/:@\s]*):[^/\s]*@", r"\1@", text)


@cache
def fetched(url: str, place: Path) -> UserError | None:
    """Fetch into the mirror, once in a process; gives what went wrong."""
    try:
        with _alone(place):
            if place.is_dir():
                _fetch(url, place)
            else:
                _create(url, place)
    except git.GitError as wrong:
        return _explained(without_secret(url), without_secret(wrong.detail))
    return None


@cache
def folder() -> Path:
    """Where mirrors lie; where no cache can be written, only as long as this process."""
    place = store.home() / "git"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return place
    except OSError:
        return store.passing()


def _create(url: str, place: Path) -> None:
    """Whole or absent: filled beside its place."""
    fresh = Path(tempfile.mkdtemp(prefix="fresh-", dir=place.parent))
    try:
        git.run("init", "--quiet", "--bare", ".", cwd=fresh)
        _fetch(url, fresh)
        fresh.rename(place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _fetch(url: str, place: Path) -> None:
    at = {"GIT_DIR": str(place), "GIT_ASKPASS": "", "SSH_ASKPASS": "", **_ssh(place)}
    words = (*QUIETLY, "fetch", "--quiet", "--force", "--no-write-fetch-head",
             "--no-recurse-submodules")  # fmt: skip
    git.run(*words, "--prune", "--", url, *_REFS, cwd=place, extra=at)
    with suppress(git.GitError):  # a repository may have no branch checked out
        git.run(*words, "--no-tags", "--", url, f"+HEAD:{HEAD}", cwd=place, extra=at)


def _ssh(place: Path) -> dict[str, str]:
    """SSH that never asks, unless somebody has chosen how it is called."""
    chosen = {"GIT_SSH", "GIT_SSH_COMMAND"} & os.environ.keys()
    if chosen or git.run("config", "--get", "core.sshCommand", cwd=place, ok=(0, 1)):
        return {}
    return {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}


def _explained(shown: str, detail: str) -> UserError:
    reason = "could not be reached"
    if re.search(_CREDENTIALS, detail, re.IGNORECASE):
        reason = "wants credentials that git does not have"
    elif re.search(_ABSENT, detail, re.IGNORECASE):
        reason = "is no git repository, or none that you may see"
    said = re.sub(r"^(fatal|error): ", "", detail)
    hint = f"`git ls-remote {shown}` has to work without a question; git said: {said}"
    return UserError(f"the template `{shown}` {reason}", hint=hint)


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Keep two processes from fetching into one mirror at a time."""
    if fcntl is None:
        yield
        return
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
