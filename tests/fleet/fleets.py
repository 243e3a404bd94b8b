"""What tests ask of fleets and of the repositories in them."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import Any

from front_door import Ran
from msgen import __version__

from tests.support.history import Repo

BRANCH = f"msgen/update-{__version__}"


def states(ran: Ran) -> dict[str, str]:
    """The state of each service by the name of its folder, from what `--json` printed."""
    return {row["path"].rpartition("/")[2]: row["status"] for row in ran.json}


def row(ran: Ran, folder: str) -> dict[str, Any]:
    """What `--json` said of one service."""
    [found] = [each for each in ran.json if each["path"].endswith(f"/{folder}")]
    return dict(found)


def branches(repo: Repo) -> list[str]:
    return repo.git("branch", "--list", "--format=%(refname:short)", "msgen/*").split()


def clash(repo: Repo, path: str) -> None:
    """Commit a change to the lines that the template has news in."""
    repo.prepend(path, "# something else by the team")
    repo.commit()


def below(pid: int) -> list[int]:
    """All processes that descend from one."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], stdout=subprocess.PIPE, text=True, check=True
    )
    parents = {
        int(pid): int(parent) for pid, parent in map(str.split, listed.stdout.splitlines())
    }
    found, wanted = [], {pid}
    while wanted:
        wanted = {each for each, parent in parents.items() if parent in wanted}
        found += wanted
    return found


def outlived(pids: list[int]) -> set[int]:
    """Which of them still run; the last ones get a moment."""
    end = time.monotonic() + 30
    while (left := {each for each in pids if _runs(each)}) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def _runs(pid: int) -> bool:
    said = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], stdout=subprocess.PIPE, text=True, check=False
    )
    return said.returncode == 0 and not said.stdout.startswith("Z")


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
