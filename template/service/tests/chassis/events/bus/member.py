# Sealed: an update replaces this file.
"""A member of a group, and as a script one in a process of its own: it writes what it handles."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import SecretStr

PROBE = "probe"


@dataclass(frozen=True, kw_only=True)
class Given:
    """The settings of a bus."""

    bus_url: SecretStr
    service: str = "tests"
    events_partitions: int = 4
    events_prefetch: int = 50
    events_days: float = 7
    events_poll_seconds: float = 0.2


@dataclass(frozen=True, kw_only=True)
class Line:
    """What `seen` says: `begins`, `ends` or `fails`."""

    what: str
    key: str
    id: str
    attempt: int
    at: float


class Recorder:
    """Handles messages: takes its time, tells what it does, fails while `fails` says so."""

    def __init__(
        self,
        seen: Callable[[Line], None],
        *,
        seconds: float = 0.0,
        fails: Callable[[Any], bool] = lambda _: False,
    ) -> None:
        self._seen = seen
        self._seconds = seconds
        self._fails = fails

    async def __call__(self, message: Any) -> None:
        if message.key.startswith(PROBE):
            self._tell(PROBE, message)
            return
        self._tell("begins", message)
        await asyncio.sleep(self._seconds)
        if self._fails(message):
            self._tell("fails", message)
            raise RuntimeError(message.id)
        self._tell("ends", message)

    def _tell(self, what: str, message: Any) -> None:
        attempt, at = message.attempt, time.time()
        self._seen(Line(what=what, key=message.key, id=message.id, attempt=attempt, at=at))


def parsed(file: Path) -> list[Line]:
    """What is there so far: a process that was killed may have left half a line."""
    lines = file.read_text().split("\n")[:-1] if file.exists() else []
    return [Line(**json.loads(line)) for line in lines]


async def _consume(package: str, topic: str, group: str, file: str, given: dict[str, Any]) -> None:
    database = None
    if url := given.pop("database_url"):
        settings = import_module(f"{package}.settings").Settings(database_url=url)
        database = import_module(f"{package}.chassis.database").Database(settings)
    seconds, given["bus_url"] = given.pop("seconds"), SecretStr(given["bus_url"])
    bus = import_module(f"{package}.chassis.events.bus").connect(Given(**given), database)
    ends = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ends.set)
    bus.subscribe(topic, group, Recorder(partial(_write, Path(file)), seconds=seconds))
    async with bus.running():
        await ends.wait()


def _write(file: Path, line: Line) -> None:
    with file.open("a") as out:
        out.write(f"{json.dumps(vars(line))}\n")


if __name__ == "__main__":
    asyncio.run(_consume(**json.loads(sys.argv[1])))
