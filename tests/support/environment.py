"""One virtual environment for all services with the same dependencies.

It survives test runs in the user's cache, under a key made of what decides its
content, so that only the first run waits for it.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path
from uv import find_uv_bin

from .rendering import Service

UV = os.fsdecode(find_uv_bin())
_SECONDS = 300
_FOR_PACKAGES = ("UV_", "PIP_", "SSL_", "HTTP", "http", "NO_PROXY", "no_proxy", "ALL_PROXY")


def inherited() -> dict[str, str]:
    """What a process needs of ours: no virtual environment, no setting of a service."""
    kept = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "SYSTEMROOT", "NETRC"}
    return {
        key: value
        for key, value in os.environ.items()
        if key in kept or key.startswith(_FOR_PACKAGES)
    }


@dataclass(frozen=True)
class Environment:
    """An interpreter with the dependencies of a service, but without the service."""

    home: Path

    def variables(
        self, service: Service, extra: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """What makes this service found, with nothing else set."""
        return {
            **inherited(),
            "PATH": f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{service.path / 'src'}{os.pathsep}{self._metadata(service)}",
            "VIRTUAL_ENV": str(self.home),
            **(extra or {}),
        }

    def _metadata(self, service: Service) -> Path:
        """Where Python finds the service's name and version, as if it were installed."""
        version = re.search(r'^version = "(.+)"$', service.text("pyproject.toml"), re.MULTILINE)
        assert version, "the service has no version"
        folder = self.home / "metadata" / service.command
        file = folder / f"{service.package}-{version[1]}.dist-info" / "METADATA"
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            whole = file.with_suffix(f".{os.getpid()}")
            whole.write_text(
                f"Metadata-Version: 2.1\nName: {service.command}\n"
                f"Version: {version[1]}\nSummary: of no importance\n",
                encoding="utf-8",
            )
            whole.rename(file)
        return folder

    def run(
        self, service: Service, *command: str, extra: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a tool of the environment in the service's folder, with extra variables."""
        return subprocess.run(
            [self.home / "bin" / command[0], *command[1:]],
            cwd=service.path,
            env=self.variables(service, extra),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def passes(
        self, service: Service, *command: str, extra: Mapping[str, str] | None = None
    ) -> str:
        """Run a tool, fail with its own words unless it is content, and give its output."""
        ran = self.run(service, *command, extra=extra)
        said = f"{' '.join(command)}\n{ran.stdout[-6000:]}{ran.stderr[-3000:]}"
        assert ran.returncode == 0, said
        return ran.stdout


def shared(service: Service, python: str) -> Environment:
    """The environment for services with this `pyproject.toml`; made if it is not there."""
    pyproject = service.text("pyproject.toml")
    key = hashlib.sha256(f"{pyproject}\0{python}\0{UV}".encode()).hexdigest()[:16]
    home = user_cache_path("msgen-tests", appauthor=False) / key
    with _locked(home.with_suffix(".lock")):
        if not (home / "complete").is_file():
            shutil.rmtree(home, ignore_errors=True)
            _build(home, pyproject, python)
            (home / "complete").touch()
    return Environment(home)


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
