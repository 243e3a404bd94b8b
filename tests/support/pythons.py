"""The interpreters that this machine has, as far as they run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SUPPORTED = (11, 12, 13, 14)


@cache
def found() -> dict[int, str]:
    """One working interpreter for each supported minor version; the running one comes first."""
    working: dict[int, str] = {}
    for candidate in _candidates():
        minor = _minor(candidate)
        if minor in SUPPORTED:
            working.setdefault(minor, candidate)
    return working


def running() -> str:
    """The one below the virtual environment that runs the tests."""
    return str(getattr(sys, "_base_executable", sys.executable))


def highest() -> str:
    return found()[max(found())]


def _candidates() -> Iterator[str]:
    yield running()
    for minor in SUPPORTED:
        if on_path := shutil.which(f"python3.{minor}"):
            yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(pyenv.glob("versions/3.*/bin/python3")))
    yield from (f"{folder}/python3" for folder in ("/usr/local/bin", "/usr/bin"))


def _minor(candidate: str) -> int | None:
    """The minor version, or nothing for a shim without an interpreter behind it."""
    probe = "import sys, ssl, venv; print(*sys.version_info[:2])"
    try:
        ran = subprocess.run(
            [candidate, "-c", probe], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor = ran.stdout.split()
    return int(minor) if major == "3" else None
