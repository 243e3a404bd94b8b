"""Renovate itself, from its npm package: installed once, run on a folder, its log read."""

import fcntl
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from tests.support.environment import inherited
from tests.support.servers import unavailable

# From which Node on which Renovate runs, the newest first
VERSIONS = {(24, 11): "44.121.2", (20, 15): "39.264.1"}
_SECONDS = 120
_SECONDS_TO_INSTALL = 900

Found = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Renovate:
    """Looks at a folder on this machine and changes nothing, there or elsewhere."""

    programs: Path
    own: Path

    def extract(self, folder: Path) -> Found:
        """What its managers find in the files: package files by manager."""
        log = self._look(folder, "--dry-run=extract")
        return _said(log, "Extracted dependencies", "packageFiles")

    def lookup(self, folder: Path, *, manager: str) -> Found:
        """The same for one manager, with the updates that its datasources know of."""
        log = self._look(folder, "--dry-run=lookup", f"--enabled-managers={manager}")
        return _said(log, "packageFiles with updates", "config")

    def validate(self, folder: Path) -> str:
        """What its validator says about the configuration; fails unless it is content."""
        return self._passes(folder, "renovate-config-validator", "--strict")

    def _look(self, folder: Path, *options: str) -> str:
        in_json = {"LOG_FORMAT": "json", "LOG_LEVEL": "debug"}
        return self._passes(folder, "renovate", "--platform=local", *options, **in_json)

    def _passes(self, folder: Path, program: str, *options: str, **variables: str) -> str:
        ran = subprocess.run(
            [self.programs / program, *options],
            cwd=folder,
            env={**inherited(), "RENOVATE_BASE_DIR": str(self.own), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        said = f"{program} {' '.join(options)}\n{ran.stdout[-6000:]}{ran.stderr[-3000:]}"
        assert ran.returncode == 0, said
        return ran.stdout


def _said(log: str, message: str, field: str) -> Found:
    """A field of the one line with this message; a log is JSON, line by line."""
    lines = [json.loads(line) for line in log.splitlines()]
    [found] = [line[field] for line in lines if line["msg"] == message]
    assert isinstance(found, dict)
    return found


def installed(own: Path) -> Renovate:
    """The newest Renovate that this machine's Node runs; installed if it is not there."""
    version = _fitting()
    home = user_cache_path("msgen-tests", appauthor=False) / f"renovate-{version}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_name(f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "complete").is_file():
            shutil.rmtree(home, ignore_errors=True)
            _install(version, home)
            (home / "complete").touch()
    return Renovate(home / "node_modules/.bin", own)


def _fitting() -> str:
    if not shutil.which("node") or not shutil.which("npm"):
        unavailable("`node` and `npm`, which Renovate needs, are not both there")
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    major, minor, _ = said.stdout.strip().removeprefix("v").split(".", 2)
    node = int(major), int(minor)
    fitting = [version for lowest, version in VERSIONS.items() if node >= lowest]
    if not fitting:
        unavailable(f"Renovate needs a newer Node than {major}.{minor}")
    return fitting[0]


def _install(version: str, home: Path) -> None:
    """Without the scripts of packages: what they compile has a slower stand-in."""
    home.mkdir()
    (home / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    quiet = ("--no-audit", "--no-fund", "--loglevel=error")
    lean = ("--ignore-scripts", "--omit=optional")
    ran = subprocess.run(
        ["npm", "install", *quiet, *lean, f"renovate@{version}"],
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS_TO_INSTALL,
        check=False,
    )
    if ran.returncode:
        said = "; ".join(ran.stderr.splitlines()[:3])
        unavailable(f"`npm install renovate@{version}` failed: {said}")
