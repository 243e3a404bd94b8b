"""A running process of the service."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest


class Live:
    """`python -m PACKAGE serve` in a folder of its own, on a free port, with its log in a file."""

    def __init__(
        self, package: str, folder: Path, variables: dict[str, str], *, port_variable: str
    ) -> None:
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "log"
        self._command = [sys.executable, "-m", package]
        self._folder = folder
        self._environment = {**os.environ, **variables, port_variable: str(port)}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._command, "serve"],
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def token(self, *arguments: str) -> str:
        command = [*self._command, "token", *arguments]
        made = subprocess.check_output(command, env=self._environment, text=True, cwd=self._folder)
        return made.strip()

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Another command of the service, with the same settings."""
        return subprocess.run(
            [*self._command, *arguments],
            env=self._environment,
            cwd=self._folder,
            text=True,
            capture_output=True,
        )

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=30)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def wait_until_started(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                httpx2.get(f"{self.url}/startupz")
            except httpx2.TransportError:
                time.sleep(0.05)
            else:
                return
        pytest.fail(f"the service did not start:\n{self.log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
