"""One virtual environment for all services with the same dependencies.

It survives test runs in the user's cache, under a key made of what decides its
content, so that only the first run waits for it.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from platformdirs import user_cache_path
from uv import find_uv_bin

from .rendering import TEMPLATE, Service

UV = os.fsdecode(find_uv_bin())
_SECONDS = 600
_ANY = """\
[project]
name = "everything"
version = "0"
requires-python = ">=3.11"
dependencies = [
{dependencies}]
"""
_FOR_PACKAGES = ("UV_", "PIP_", "SSL_", "HTTP", "http", "NO_PROXY", "no_proxy", "ALL_PROXY")


def inherited() -> dict[str, str]:
    """What a process needs of ours: no virtual environment, no setting of a service."""
    kept = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "SYSTEMROOT", "NETRC"}
    kept.add("PYTEST_DEBUG_TEMPROOT")
    return {
        key: value
        for key, value in os.environ.items()
        if key in kept or key.startswith(_FOR_PACKAGES)
    }


@dataclass(frozen=True)
class Environment:
    """An interpreter with the dependencies of a service, but without the service."""

    home: Path

    def around(self, service: Service) -> Path:
        """An environment in the service's folder: the service as if installed, and all of this.

        Made in a moment, because nothing is copied: Python looks at this environment too.
        """
        own = service.path / ".venv"
        if not own.is_dir():
            make = (self.home / "bin/python", "-m", "venv", "--without-pip", own)
            subprocess.run(make, check=True, timeout=_SECONDS)
            packages = _packages(own)
            besides = f"{service.path / 'src'}\n{_packages(self.home)}\n"
            (packages / "service.pth").write_text(besides, encoding="utf-8")
            _announce(service, packages)
        return own

    def variables(
        self, service: Service, extra: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """What a service is run under: nothing of ours but what packages need."""
        paths = (service.path / ".venv/bin", self.home / "bin", os.environ["PATH"])
        return {**inherited(), "PATH": os.pathsep.join(map(str, paths)), **(extra or {})}

    def run(
        self, service: Service, *command: str, extra: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run in the service's folder; only `python` sees the service as installed."""
        place = self.around(service) if command[0] == "python" else self.home
        try:
            return subprocess.run(
                [place / "bin" / command[0], *command[1:]],
                cwd=service.path,
                env=self.variables(service, extra),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            said = (error.stdout or b"").decode(errors="replace")
            pytest.fail(f"{' '.join(command)} took more than {_SECONDS} s:\n{said[-6000:]}")

    def passes(
        self, service: Service, *command: str, extra: Mapping[str, str] | None = None
    ) -> str:
        """Run it, fail with its own words unless it is content, and give its output."""
        ran = self.run(service, *command, extra=extra)
        said = f"{' '.join(command)}\n{ran.stdout[-6000:]}{ran.stderr[-3000:]}"
        assert ran.returncode == 0, said
        return ran.stdout


def _packages(home: Path) -> Path:
    [found] = home.glob("lib/python3.*/site-packages")
    return found


def _announce(service: Service, packages: Path) -> None:
    """Write what an installer would: the name and version that the service asks for."""
    about = tomllib.loads(service.text("pyproject.toml"))["project"]
    info = packages / f"{service.package}-{about['version']}.dist-info"
    info.mkdir()
    lines = (
        "Metadata-Version: 2.1",
        f"Name: {about['name']}",
        f"Version: {about['version']}",
        f"Summary: {about['description']}",
    )
    (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")


def shared(service: Service, python: str) -> Environment:
    """The environment for services with this `pyproject.toml`; made if it is not there."""
    return _environment(service.text("pyproject.toml"), python)


def _environment(pyproject: str, python: str) -> Environment:
    key = hashlib.sha256(f"{pyproject}\0{python}\0{UV}".encode()).hexdigest()[:16]
    home = user_cache_path("msgen-tests", appauthor=False) / key
    with _locked(home.with_suffix(".lock")):
        if not (home / "complete").is_file():
            shutil.rmtree(home, ignore_errors=True)
            _build(home, pyproject, python)
            (home / "complete").touch()
    return Environment(home)


def of_everything(python: str) -> Environment:
    """The environment for all services: with every dependency but what builds them."""
    lines = (TEMPLATE / "includes/requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith(("#", "uv-build"))]
    named = "".join(f"    {json.dumps(line)},\n" for line in wanted)
    return _environment(_ANY.format(dependencies=named), python)


def _build(home: Path, pyproject: str, python: str) -> None:
    """Compiled at once, because a start without bytecode takes three times as long."""
    with tempfile.TemporaryDirectory() as project:
        Path(project, "pyproject.toml").write_text(pyproject, encoding="utf-8")
        subprocess.run(
            [UV, "sync", "--quiet", "--no-install-project", "--python", python],
            cwd=project,
            env={
                **inherited(),
                "UV_PROJECT_ENVIRONMENT": str(home),
                "UV_PYTHON_DOWNLOADS": "never",
                "UV_COMPILE_BYTECODE": "1",
            },
            check=True,
            timeout=600,
        )


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """One test process builds, the others wait for it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
