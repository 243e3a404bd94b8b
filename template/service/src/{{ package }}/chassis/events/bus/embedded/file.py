# Sealed: an update replaces this file.
"""The thread that owns the SQLite file: the event loop never waits for a lock or a disk.

What waits together is committed together. Between its jobs the thread looks for what other
processes have changed.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from typing import Any, TypeVar

import structlog

from ..port import BusUnavailableError
from .schema import begin, opened

T = TypeVar("T")
log = structlog.get_logger()
Places = frozenset[tuple[str, int]]
"""Topics with the partition of theirs that has something new."""

_LOOK_SECONDS = 0.02
_PAUSE_SECONDS = 1.0
_TOGETHER = 200


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[Connection], Any]
    writes: bool
    durable: bool
    answer: "asyncio.Future[Any]"


@dataclass
class _Seen:
    position: int
    version: int | None = None
    epoch: int | None = None


@dataclass
class LogFile:
    """`news(places)` and `moved()` are called in the event loop, after any process's commit."""

    path: Path
    news: Callable[[Places], None]
    moved: Callable[[], None]
    _jobs: "queue.SimpleQueue[_Job | None]" = field(default_factory=queue.SimpleQueue)
    _seen: _Seen | None = None
    _connection: Connection | None = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="bus", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """After what was asked before."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(thread.join)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Raises BusUnavailableError, as `write` does."""
        return await self._ask(work, writes=False, durable=False)

    async def write(self, work: Callable[[Connection], T], *, durable: bool = False) -> T:
        """In one transaction; when `durable`, it is on the disk when this returns.

        What is not so outlives the process all the same, but maybe not a loss of power.
        """
        return await self._ask(work, writes=True, durable=durable)

    async def _ask(self, work: Callable[[Connection], T], *, writes: bool, durable: bool) -> T:
        if self._thread is None:
            raise BusUnavailableError("the bus is not running")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, writes, durable, answer))
        return await answer

    def _run(self) -> None:
        goes_on = True
        while goes_on:
            jobs, goes_on = self._waiting()
            try:
                if jobs:
                    self._do(jobs)
                self._look(certainly=bool(jobs))
            except Exception as error:  # noqa: BLE001 - without the thread nothing goes on
                self._failed(error)
                goes_on = goes_on and not self._loop.is_closed()
        self._close()

    def _failed(self, error: Exception) -> None:
        """The next job opens it again."""
        self._close()
        if not isinstance(error, sqlite3.Error | OSError) and not self._loop.is_closed():
            log.error("bus_file_failed", exc_info=error)
            time.sleep(_PAUSE_SECONDS)

    def _waiting(self) -> tuple[list[_Job], bool]:
        jobs: list[_Job] = []
        try:
            job = self._jobs.get(timeout=_LOOK_SECONDS)
            while job is not None:
                jobs.append(job)
                if len(jobs) == _TOGETHER:
                    return jobs, True
                job = self._jobs.get_nowait()
        except queue.Empty:
            return jobs, True
        return jobs, False

    def _do(self, jobs: list[_Job]) -> None:
        answers: list[tuple[_Job, Any]]
        try:
            connection, _ = self._opened()
            if any(job.writes for job in jobs):
                begin(connection, durable=any(job.durable for job in jobs))
            answers = [(job, _outcome(job, connection)) for job in jobs]
            if connection.in_transaction:
                connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - somebody waits for each of the answers
            self._failed(error)
            answers = [(job, _unavailable(error)) for job in jobs]
        self._loop.call_soon_threadsafe(_answer, answers)

    def _look(self, *, certainly: bool) -> None:
        connection, seen = self._opened()
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if not certainly and version == seen.version:
            return
        query = "SELECT (SELECT max(position) FROM log), epoch FROM changes"
        position, epoch = connection.execute(query).fetchone()
        if epoch != seen.epoch:
            self._loop.call_soon_threadsafe(self.moved)
        if position and position > seen.position:
            query = "SELECT DISTINCT topic, slot FROM log WHERE position > ?"
            places = frozenset(connection.execute(query, (seen.position,)))
            self._loop.call_soon_threadsafe(self.news, places)
        self._seen = _Seen(position or seen.position, version, epoch)

    def _opened(self) -> tuple[Connection, _Seen]:
        if self._connection is None:
            self._connection = opened(self.path)
            if self._seen is None:
                last = self._connection.execute("SELECT max(position) FROM log").fetchone()[0]
                self._seen = _Seen(last or 0)
            self._seen.version = None  # of the connection that was
        assert self._seen
        return self._connection, self._seen

    def _close(self) -> None:
        """What was not committed is rolled back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _outcome(job: _Job, connection: Connection) -> Any:
    try:
        return job.work(connection)
    except (sqlite3.Error, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - it is for who asked
        return error


def _answer(answers: list[tuple[_Job, Any]]) -> None:
    for job, outcome in answers:
        if job.answer.done():
            continue  # who asked has gone
        if isinstance(outcome, Exception):
            job.answer.set_exception(outcome)
        else:
            job.answer.set_result(outcome)


def _unavailable(error: Exception) -> BusUnavailableError:
    unavailable = BusUnavailableError(f"the file of the bus: {error}")
    unavailable.__cause__ = error
    return unavailable
