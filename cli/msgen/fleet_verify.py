"""Runs the team's own check on a commit, in a work tree that goes afterwards."""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from . import git
from .errors import UsageError
from .git import Repository

_GRACE = 5
"""Seconds between asking the command to stop and making it."""
_END = 6000
"""Characters of output that are kept."""


def words(command: str) -> tuple[str, ...]:
    """The command split as a shell would; raises UsageError when it cannot be run."""
    try:
        found = tuple(shlex.split(command))
    except ValueError as wrong:
        message = f"`--verify {command}` cannot be split into words: {str(wrong).lower()}"
        raise UsageError(message, hint="close the quotes") from wrong
    if not found:
        message = "`--verify` names no command"
        raise UsageError(message, hint="write for example `--verify 'uv run pytest'`")
    if "/" not in found[0] and not shutil.which(found[0]):
        message = f"`{found[0]}` is not on the `PATH`"
        hint = f"it is no shell: `--verify \"sh -c '{command}'\"`" if _is_shell(found) else None
        raise UsageError(message, hint=hint or "name a program that is there")
    return found


def _is_shell(found: Sequence[str]) -> bool:
    return "=" in found[0] or bool({"&&", "||", "|", ";"}.intersection(found))


def run(command: Sequence[str], repository: Repository, commit: str) -> tuple[int, str]:
    """The exit code and the end of what the command printed, in the service's folder."""
    place = Path(tempfile.mkdtemp(prefix="msgen-verify-"))
    try:
        repository.git("worktree", "add", "--quiet", "--detach", str(place), commit)
        return _run(command, place / repository.prefix)
    finally:
        with suppress(git.GitError):
            repository.git("worktree", "remove", "--force", str(place))
        shutil.rmtree(place, ignore_errors=True)


def _run(command: Sequence[str], folder: Path) -> tuple[int, str]:
    environment = {key: value for key, value in git.environment().items()
                   if key not in {"VIRTUAL_ENV", "LC_ALL"}}  # fmt: skip
    try:
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=folder,
            env={**environment, **_locale()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as wrong:
        return 127, str(wrong)
    try:
        said, _ = process.communicate()
    except BaseException:
        _stop(process)
        raise
    return process.returncode, said.decode(errors="replace")[-_END:]


def _locale() -> dict[str, str]:
    return {"LC_ALL": os.environ["LC_ALL"]} if "LC_ALL" in os.environ else {}


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """The command and all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
