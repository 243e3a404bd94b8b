"""Services as live processes on a free port."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import httpx2
import pytest

from .environment import Environment
from .rendering import Service

_START_SECONDS = 40
_STOP_SECONDS = 20


class Running:
    """A service that answers; `stop` gives its exit code."""

    def __init__(
        self,
        service: Service,
        environment: Environment,
        extra: Mapping[str, str],
        *,
        port: int | None = None,
    ) -> None:
        self.service = service
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_file = service.path / f"serve-{self.port}.log"
        self._environment = environment
        self._tokens: dict[tuple[str, ...], str] = {}
        self.extra = {f"{service.prefix}LOG_FORMAT": "json", **extra}
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [environment.around(service) / "bin/python", "-m", service.package,
                 "serve", "--port", str(self.port)],
                cwd=service.path,
                env=environment.variables(service, self.extra),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )  # fmt: skip

    def wait(self, path: str = "/readyz", status: int = 200) -> None:
        """Wait until `path` answers with `status`."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the service ended:\n{self.log()[-6000:]}"
            try:
                if httpx2.get(self.url + path).status_code == status:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.05)
        pytest.fail(f"`{path}` did not answer {status}:\n{self.log()[-6000:]}")

    def command(self, *arguments: str) -> str:
        """What a command of the service prints under the same settings."""
        python = ("python", "-m", self.service.package)
        return self._environment.passes(self.service, *python, *arguments, extra=self.extra)

    def variables(self) -> dict[str, str]:
        """What it was started with, for processes beside it."""
        return self._environment.variables(self.service, self.extra)

    def token(self, *, scope: str = "orders:read orders:write", subject: str = "alice") -> str:
        """A development token; asked for once."""
        words = ("token", "--scope", scope, "--subject", subject)
        if words not in self._tokens:
            self._tokens[words] = self.command(*words).strip()
        return self._tokens[words]

    def client(self, token: str | None = None) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=20)

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def lines(self) -> list[dict[str, Any]]:
        """The log, a dictionary a line; fails on a line that is not JSON."""
        whole, _, _unfinished = self.log().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def lines_about(self, request_id: str) -> list[dict[str, Any]]:
        """The lines of one request; the last is written when its answer has left already."""
        deadline = time.monotonic() + 5
        found: list[dict[str, Any]] = []
        while time.monotonic() < deadline and not found:
            found = [line for line in self.lines() if line.get("request_id") == request_id]
        return found

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail(f"it does not stop:\n{self.log()[-3000:]}")


class Boot(Protocol):
    """`boot(service, MY_SERVICE_DATABASE_URL=url)`: started, ready, stopped with the test.

    The service is copied first, so its files (database, keys) are the process's own;
    `at` starts it a second time where they are; at a process that has ended also on its port.
    `ready=""` does not wait.
    """

    def __call__(
        self,
        service: Service,
        *,
        at: "Path | Running | None" = None,
        ready: str = "/readyz",
        **extra: str,
    ) -> Running: ...


@contextmanager
def booting(environment: Environment, folder: Path) -> Iterator[Boot]:
    """Start services in copies below the folder, and stop them in the end."""
    started: list[Running] = []

    def boot(
        service: Service,
        *,
        at: "Path | Running | None" = None,
        ready: str = "/readyz",
        **extra: str,
    ) -> Running:
        port = at.port if isinstance(at, Running) else None
        place = at.service.path if isinstance(at, Running) else at
        place = place or folder / f"booted-{len(started)}"
        own = replace(service, path=place) if place.exists() else service.copy(place)
        started.append(Running(own, environment, extra, port=port))
        if ready:
            started[-1].wait(ready)
        return started[-1]

    try:
        yield boot
    finally:
        for running in started:
            running.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
