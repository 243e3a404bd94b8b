"""A RabbitMQ node of the tests' own, which they may kill."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from .processes import free_port
from .servers import unavailable

_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_START_SECONDS = 60


class Node:
    """It keeps its queues in `folder`, also when it is killed and started again."""

    def __init__(self, folder: Path) -> None:
        if not _PROGRAM.exists():
            unavailable(f"`{_PROGRAM}` is missing: `apt-get install rabbitmq-server`")
        self.port = free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_PROGRAM], env=self._environment(), stdout=log, stderr=log
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        said = (self._folder / "log").read_text(errors="replace")
        pytest.fail(f"RabbitMQ did not start:\n{said[-3000:]}")

    def kill(self) -> None:
        """As a crash of the machine would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        if self._process is not None:
            self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        """What was started is a script; the node's own process is in its file."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            os.kill(int((self._folder / "node.pid").read_text()), how)
        self._process.wait(_START_SECONDS)
        self._process = None

    def _environment(self) -> dict[str, str]:
        folder = self._folder
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"test_{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_PID_FILE": str(folder / "node.pid"),
        }
