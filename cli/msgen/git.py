"""Git, as far as updates need it: one runner, and what has to be known of a repository."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import UserError

_POINTING = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY",
             "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_ALTERNATE_OBJECT_DIRECTORIES"}  # fmt: skip
_QUIETLY = ("-c", "core.hooksPath=/dev/null", "-c", "core.splitIndex=false",
            "-c", "core.fsmonitor=false")  # fmt: skip
_WHERE = ("rev-parse", "--show-toplevel", "--show-prefix", "--absolute-git-dir",
          "--git-path", "objects", "--git-path", "index")  # fmt: skip
_FULL = ("No space left on device", "Out of diskspace")
OLDEST = (2, 38)
"""The first git with `merge-tree --write-tree`."""


class GitError(UserError):
    """A git command failed; `detail` is what it said."""

    def __init__(self, words: Sequence[str], said: str) -> None:
        """Name the command and its last telling line."""
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        telling = [line for line in lines if line.startswith(("fatal", "error"))] or lines
        self.detail = telling[0] if telling else "it gave no reason"
        if any(each in said for each in _FULL):
            self.detail = "no space is left on the device"
        command = next(word for word in words if word[:1] != "-" and "=" not in word)
        super().__init__(f"`git {command}` failed: {self.detail}")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Without what a surrounding git hook sets: it would point at another repository."""
    kept = {key: value for key, value in os.environ.items() if key not in _POINTING}
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **(extra or {})}


def run(
    *words: str,
    cwd: Path,
    stdin: bytes | None = None,
    ok: Sequence[int] = (0,),
    extra: Mapping[str, str] | None = None,
    held: bool = False,
) -> bytes:
    """What a git command prints; raises GitError for another exit code than `ok`.

    With `held` it keeps the lock that this process has, so that a git which outlives a kill
    of msgen is not disturbed by the next msgen.
    """
    started = {"cwd": cwd, "env": environment(extra), "close_fds": not held}
    command = ["git", *_QUIETLY, *words]
    try:
        ran = subprocess.run(command, input=stdin or b"", capture_output=True, **started)  # type: ignore[call-overload]  # noqa: S603, PLW1510
    except FileNotFoundError as wrong:
        if not cwd.is_dir():
            raise
        message = "git is not installed or not on the `PATH`"
        raise UserError(message, hint="`msgen doctor` says how to get it") from wrong
    if ran.returncode not in ok:
        raise GitError(words, ran.stderr.decode(errors="replace"))
    return bytes(ran.stdout)


@dataclass(frozen=True)
class Repository:
    """The repository around a service; `prefix` is the service's folder in it, as `a/b/`."""

    folder: Path
    top: Path
    prefix: str
    git_dir: Path
    objects: Path
    index: Path
    head: str
    tree: str
    """The tree of the service's folder at HEAD; empty when nothing of it is committed."""

    def git(
        self,
        *words: str,
        stdin: bytes | None = None,
        ok: Sequence[int] = (0,),
        extra: Mapping[str, str] | None = None,
        held: bool = False,
    ) -> bytes:
        """Run git at the top of the repository."""
        return run(*words, cwd=self.top, stdin=stdin, ok=ok, extra=extra, held=held)

    @property
    def sha256(self) -> bool:
        """Whether it names objects by SHA-256 instead of SHA-1."""
        return len(self.head) == 64  # noqa: PLR2004

    def uncommitted(self) -> list[str]:
        """Paths below the service's folder that differ from HEAD; untracked ones do not."""
        said = run(
            "status", "--porcelain", "-z", "--untracked-files=no", "--", ".",
            cwd=self.folder, extra={"GIT_OPTIONAL_LOCKS": "0"},
        )  # fmt: skip
        fields = iter(said.decode(errors="surrogateescape").split("\0"))
        found = []
        for field in fields:
            if field:
                found.append(field[3:].removeprefix(self.prefix))
            if field[:1] in {"R", "C"}:
                next(fields)
        return found


def around(folder: Path) -> Repository:
    """The repository that a service lies in; raises UserError where there is none."""
    try:
        said = run(*_WHERE, "HEAD", "HEAD:./", cwd=folder)
    except GitError as wrong:
        raise _explained(wrong, folder) from wrong
    lines = said.decode(errors="surrogateescape").split("\n")
    top, prefix, git_dir, objects, index, head, tree = lines[:7]
    return Repository(
        folder, Path(top), prefix, Path(git_dir), folder / objects, folder / index, head, tree
    )


def _explained(wrong: GitError, folder: Path) -> UserError:
    """Why nothing is known: no repository, no commit, or what git itself says."""
    if "not a git repository" in wrong.detail:
        message = f"`{folder}` is in no git repository, so nothing could be merged or undone"
        hint = "run `git init`, `git add --all` and `git commit`, then this again"
        return UserError(message, hint=hint)
    run(*_WHERE, cwd=folder)
    message = f"nothing of `{folder}` is committed, so nothing could be merged or undone"
    return UserError(message, hint="run `git add --all` and `git commit`, then this again")


def version() -> tuple[int, ...]:
    """The version of the git on the `PATH`."""
    said = run("--version", cwd=Path.cwd()).decode().split()[2]
    return tuple(int(part) for part in said.split(".")[:2])
