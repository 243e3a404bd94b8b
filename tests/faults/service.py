"""A generated service as a real process, and a client that speaks plain HTTP to it."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Every secret and every rejected value holds this: no log and no problem may.
MARK = "zq7secret"
_LEAKS = re.compile(rb"zq7secret|ZQ7SECRET|eyJ[\w-]{10,}|Bearer (?!error)\S", re.ASCII)
LINE: dict[str, Any] = {"sku": "TEA-1", "quantity": 2, "unit_price": 450}
ORDER: dict[str, Any] = {"currency": "EUR", "lines": [LINE]}
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_problem(self) -> bool:
        shape = self.headers.get("content-type") == PROBLEM
        return shape and self.json()["status"] == self.status

    @property
    def is_unavailable(self) -> bool:
        """Whether it is the 503 that a client can act on."""
        return self.status == 503 and self.is_problem and "retry-after" in self.headers


@dataclass
class Client:
    """One HTTP connection that is kept; `connects` counts how often it had to be made."""

    port: int
    token: str = ""
    timeout: float = 20.0
    connects: int = 0
    _connection: http.client.HTTPConnection | None = None

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = {"authorization": f"Bearer {self.token}"} if self.token else {}
        connection = self._open()
        try:
            connection.request(method, path, body=body, headers={**sent, **(headers or {})})
            got = connection.getresponse()
            answer = Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if got.will_close:
            self.close()
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, headers=_dashed(headers))

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """Send `body` as JSON, or as it is when it is bytes."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json", **_dashed(headers)}
        return self.request("POST", path, body=raw, headers=sent)

    def place(self, **headers: str) -> Answer:
        return self.post("/orders", {**ORDER, "note": MARK}, **headers)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=self.timeout
            )
            self.connects += 1
        return self._connection


def _dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Service:
    """The service's own command in a folder of its own; each start appends to one log."""

    project: Path
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "service.log"

    def environment(self) -> dict[str, str]:
        own = {
            "database_url": f"sqlite:///{self.folder}/service.db",
            "dev_key_file": str(self.folder / "dev-key.pem"),
            "log_format": "json",
            **self.settings,
        }
        keep = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ
        }
        return keep | {f"MY_SERVICE_{name}".upper(): value for name, value in own.items()}

    def run(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run one of the service's other commands to its end."""
        return subprocess.run(
            [self.project / ".venv/bin/my-service", *arguments],
            cwd=self.project,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *arguments: str, ready: str = "/readyz") -> "Service":
        """Start it and wait until `ready` answers 200."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.project / ".venv/bin/my-service", "serve", *arguments],
                cwd=self.project,
                env=self.environment() | {"MY_SERVICE_LISTEN_PORT": str(self.port)},
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: self.status(ready) == 200, self.told)
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, give the exit code of the end; fail if the log holds a secret."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        leaked = [line for line in self.log.read_bytes().splitlines() if _LEAKS.search(line)]
        assert not leaked, f"the log holds a secret: {leaked[:3]}"
        return code

    def told(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = (json.loads(line) for line in self.log.read_bytes().splitlines() if line)
        return [line for line in lines if line.get("event") == name]

    def status(self, path: str) -> int:
        """Give the status of a path, 0 while nothing listens."""
        client = Client(self.port, timeout=5)
        try:
            return client.get(path).status
        except OSError:
            return 0
        finally:
            client.close()

    def token(self, *, subject: str = "developer", scope: str = "") -> str:
        chosen = ("--scope", scope) if scope else ()
        made = self.run("token", "--subject", subject, *chosen)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    def client(self, token: str | None = None, *, timeout: float = 20.0) -> Client:
        return Client(self.port, self.token() if token is None else token, timeout)

    def talk(self, *pieces: bytes, pause: float = 0.0, hang_up: bool = True) -> bytes:
        """Send raw bytes on a new connection and give all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as raw:
            for piece in pieces:
                raw.sendall(piece)
                time.sleep(pause)
            if hang_up:
                raw.shutdown(socket.SHUT_WR)
            return b"".join(received(raw))

    def resident(self) -> int:
        """Give the memory in use, in bytes."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024


def received(raw: socket.socket) -> Iterator[bytes]:
    try:
        while piece := raw.recv(65536):
            yield piece
    except (ConnectionResetError, TimeoutError):
        return


def wait_until(
    holds: Callable[[], bool], told: Callable[[], str] = str, *, seconds: float = 30.0
) -> float:
    """Wait until it holds; give how long that took, or fail with what `told` says."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"not within {seconds} s\n{told()}"
        time.sleep(0.01)
    return time.monotonic() - began


@contextmanager
def running(service: Service, *arguments: str, ready: str = "/readyz") -> Iterator[Service]:
    """Run the service for the length of a block."""
    try:
        yield service.start(*arguments, ready=ready)
    finally:
        service.stop()


def together(work: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run functions at the same time, each in a thread."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(lambda function: function(), work))
