"""Talks to Docker, and to what runs in it."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE = 60


def docker(*arguments: str, cwd: Path | None = None, **variables: str) -> str:
    """Run one Docker command and give what it printed; fail with its own words."""
    done = subprocess.run(
        ["docker", *arguments],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def call(
    url: str, *, body: dict[str, Any] | None = None, token: str | None = None
) -> tuple[int, Any]:
    """Send a request; give the status and the JSON of the answer."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def first_answer(url: str) -> float:
    """Wait until something answers there; give the seconds it took."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        try:
            call(url)
        except OSError:
            time.sleep(0.02)
        else:
            return time.monotonic() - began
    raise TimeoutError(url)


@dataclass
class Stack:
    """The services of a compose file, under a project name and a port of their own."""

    folder: Path
    image: str
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def compose(self, *arguments: str) -> str:
        return docker(
            "compose",
            f"--project-name=msgen-test-{self.port}",
            *arguments,
            cwd=self.folder,
            SERVICE_IMAGE=self.image,
            SERVICE_PORT=str(self.port),
        )

    def up(self) -> None:
        self.compose("up", "--no-build", "--wait", f"--wait-timeout={PATIENCE}")

    def inside(self, *command: str) -> str:
        return self.compose("exec", "--no-TTY", "service", *command)

    def token(self) -> str:
        return self.inside("orders-service", "token", "--scope", "orders:read orders:write")

    def state(self, name: str) -> dict[str, Any]:
        identifier = self.compose("ps", "--all", "--quiet", name)
        found: list[dict[str, Any]] = json.loads(docker("inspect", identifier))
        return found[0]
