"""What a fault drill does to processes, and sees of them meanwhile."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from .processes import Running

T = TypeVar("T")


@contextmanager
def under_load(ask: Callable[[], T]) -> Iterator[list[T]]:
    """Four callers without a pause; what they saw."""
    seen: list[T] = []
    over = threading.Event()

    def call() -> None:
        while not over.is_set():
            seen.append(ask())

    with ThreadPoolExecutor(4) as threads:
        callers = [threads.submit(call) for _ in range(4)]
        try:
            yield seen
        finally:
            over.set()
        for caller in callers:
            caller.result()


@contextmanager
def stopped(running: Running) -> Iterator[None]:
    """It hangs: connections are taken, nothing is answered."""
    running.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        running.process.send_signal(signal.SIGCONT)


def memory(running: Running) -> int:
    """Resident, in kilobytes."""
    status = Path(f"/proc/{running.process.pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0])


def logged(running: Running, event: str) -> bool:
    return any(line["event"] == event for line in running.lines())


def wait(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
