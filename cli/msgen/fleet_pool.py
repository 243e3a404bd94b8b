"""Worker processes: one that dies costs its own task only, and none outlives the command.

Processes and not threads, because Copier changes the working directory.
"""

import importlib
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.connection import Connection
from types import FrameType, TracebackType
from typing import Any, Self

_PATIENCE = 10
"""Seconds that a worker gets to tidy up."""
_SAFE_PATH = "PYTHONSAFEPATH"


@dataclass(frozen=True)
class _Worker:
    process: Any
    pipe: Connection


class Lost:
    """In the place of a result: the worker died."""

    def __init__(self, code: int | None) -> None:
        """Say how, as far as it is known."""
        self.how = f"signal {-code}" if code and code < 0 else f"code {code}"


class Pool:
    """Workers that are started when there is something to do, up to a number."""

    def __init__(self, size: int, preload: str) -> None:
        """`preload` is the module whose import the workers are to share."""
        methods = multiprocessing.get_all_start_methods()
        forks = "forkserver" in methods
        self._context: Any = multiprocessing.get_context("forkserver" if forks else "spawn")
        if forks:
            self._context.set_forkserver_preload([preload])
        self._size = size
        self._workers: list[_Worker] = []
        self._idle: list[_Worker] = []

    def run(
        self,
        work: str,
        items: Iterable[tuple[Any, ...]],
        begun: Callable[[Any], None],
    ) -> Iterator[tuple[Any, Any]]:
        """Each item with what `module:function` made of it, or with Lost, as they get ready."""
        waiting = deque(items)
        busy: dict[Connection, tuple[_Worker, Any]] = {}
        while waiting or busy:
            while waiting and len(busy) < self._size:
                item = waiting.popleft()
                worker = self._give((work, item))
                busy[worker.pipe] = (worker, item)
                begun(item)
            for pipe in connection.wait(list(busy)):
                worker, item = busy.pop(pipe)  # type: ignore[call-overload]
                yield item, self._take(worker)

    def _give(self, task: tuple[str, tuple[Any, ...]]) -> _Worker:
        """To an idle worker that still lives, or to a new one."""
        while self._idle:
            worker = self._idle.pop()
            with suppress(OSError):
                worker.pipe.send(task)
                return worker
            self._workers.remove(worker)
        worker = self._start()
        with suppress(OSError):  # its end will be noticed where its result is awaited
            worker.pipe.send(task)
        return worker

    def _take(self, worker: _Worker) -> Any:
        try:
            result = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join(_PATIENCE)
            self._workers.remove(worker)
            return Lost(worker.process.exitcode)
        self._idle.append(worker)
        return result

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs,), daemon=True)
        before = os.environ.get(_SAFE_PATH)
        os.environ[_SAFE_PATH] = "1"  # no module of the folder that this runs in
        try:
            process.start()
        finally:
            _restore_safe_path(before)
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def __enter__(self) -> Self:
        """Nothing is started yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        wrong: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Let the workers go; in the middle of their work when something went wrong."""
        for worker in self._workers:
            worker.pipe.close()
            if kind:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(_PATIENCE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()


def _restore_safe_path(before: str | None) -> None:
    if before is None:
        os.environ.pop(_SAFE_PATH, None)
    else:
        os.environ[_SAFE_PATH] = before


def _work(pipe: Connection) -> None:
    """What a worker does: one task after the other, until the command closes the pipe."""
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C is for the command, which then tells its workers
    signal.signal(signal.SIGTERM, _stop)
    os.environ.pop(_SAFE_PATH, None)
    if not os.environ.get("MSGEN_DEBUG"):  # the table of the command has the terminal
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    with suppress(KeyboardInterrupt):
        while True:
            try:
                work, item = pipe.recv()
            except (EOFError, OSError):
                return
            module, _, function = work.partition(":")
            result = getattr(importlib.import_module(module), function)(*item)
            with suppress(OSError):
                pipe.send(result)


def _stop(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
