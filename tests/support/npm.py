"""Packages from npm that tests need: installed once, kept in the user's cache."""

import fcntl
import shutil
import subprocess
from pathlib import Path

from platformdirs import user_cache_path

from .servers import unavailable

_SECONDS = 300


def installed(package: str, version: str) -> Path:
    """The folder of the package, with what it depends on beside it."""
    if not shutil.which("node") or not shutil.which("npm"):
        unavailable(f"`node` and `npm`, which `{package}` needs, are not both there")
    name = f"{package.replace('@', '').replace('/', '-')}-{version}"
    home = user_cache_path("msgen-tests", appauthor=False) / name
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_name(f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "complete").is_file():
            shutil.rmtree(home, ignore_errors=True)
            _install(home, f"{package}@{version}")
            (home / "complete").touch()
    return home / "node_modules" / package


def _install(home: Path, wanted: str) -> None:
    home.mkdir()
    (home / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    options = ("--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts")
    ran = subprocess.run(
        ["npm", "install", *options, wanted],
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if ran.returncode:
        said = "; ".join(ran.stderr.splitlines()[:3])
        unavailable(f"`npm install {wanted}` failed: {said}")
