# Sealed: an update replaces this file.
"""What the tests of the buses share: members, in this process and in others, and what they saw."""

import asyncio
import json
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import SecretStr

from ....conftest import PACKAGE, PREFIX, ROOT, bus
from .brokers import Broker
from .member import PROBE, Given, Line, Recorder, parsed

# Buses to test besides the embedded one, such as `amqp://guest:guest@127.0.0.1:5672`.
URLS = [url for url in os.environ.get(f"{PREFIX}TEST_BUS_URLS", "").split(",") if url]
OUTAGE_SECONDS = float(os.environ.get(f"{PREFIX}TEST_OUTAGE_SECONDS", "3"))
PATIENCE_SECONDS = 20.0
_KEYS = 32

Seen = Callable[[], list[Line]]


def a_message(topic: str, key: str, number: int = 0) -> bus.Message:
    return bus.Message(topic=topic, key=key, id=f"{key}/{number}", body=b'{"data": {}}')


def messages(topic: str, *, keys: int, each: int) -> list[bus.Message]:
    """In turns: the first of every key, then the second of every key …"""
    return [a_message(topic, f"key-{key}", n) for n in range(each) for key in range(keys)]


async def until(true: Callable[[], object], *, seconds: float = PATIENCE_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - other processes have their part in it
            await asyncio.sleep(0.01)


def told(seen: Iterable[Line], what: str = "ends") -> list[str]:
    """The ids of the messages that were handled, or of which something else is said."""
    return [line.id for line in seen if line.what == what]


def in_order(seen: Sequence[Line]) -> bool:
    """Of every key one message after the other; one that was handled may come again."""
    handled: dict[str, list[int]] = defaultdict(list)
    for line in sorted(seen, key=lambda line: line.at):
        number = int(line.id.rpartition("/")[2])
        if line.what == "ends" and number not in handled[line.key]:
            handled[line.key].append(number)
    return all(numbers == sorted(numbers) for numbers in handled.values())


def most_at_once(seen: Iterable[Line], *, by: Callable[[Line], str] = lambda _: "") -> int:
    """How many were in hand at the same time, at most; for each key when `by` says so."""
    now: dict[str, int] = defaultdict(int)
    most = 0
    for line in sorted(seen, key=lambda line: line.at):
        now[by(line)] += {"begins": 1, "ends": -1, "fails": -1}.get(line.what, 0)
        most = max(most, now[by(line)])
    return most


class Stage:
    """One topic, on one bus, and the members of its groups."""

    def __init__(self, broker: Broker, database: Any, database_url: str, folder: Path) -> None:
        self.broker = broker
        self.topic = f"topic-{uuid4().hex[:12]}"
        self.group = f"group-{uuid4().hex[:12]}"
        self.groups = {self.group}
        self.seen: list[Line] = []
        self._database = database
        self._database_url = database_url
        self._folder = folder

    def connect(self, **given: Any) -> bus.Bus:
        url = SecretStr(self.broker.url)
        return bus.connect(Given(bus_url=url, **given), self._database)

    def messages(self, *, keys: int, each: int) -> list[bus.Message]:
        return messages(self.topic, keys=keys, each=each)

    @asynccontextmanager
    async def member(
        self, *, group: str = "", seen: list[Line] | None = None, given: Any = None, **how: Any
    ) -> AsyncIterator[bus.Bus]:
        """Of the stage's group, unless another is named; what it does is in the stage's `seen`."""
        member = self.connect(**given or {})
        recorder = Recorder((self.seen if seen is None else seen).append, **how)
        member.subscribe(self.topic, group or self.group, recorder)
        self.groups.add(group or self.group)
        async with member.running():
            yield member

    @asynccontextmanager
    async def process(self, *, seconds: float) -> AsyncIterator["Process"]:
        """A member in a process of its own."""
        file = self._folder / f"{uuid4().hex}.jsonl"
        given = {"bus_url": self.broker.url, "seconds": seconds, "database_url": self._database_url}
        how = {"package": PACKAGE, "topic": self.topic, "group": self.group, "file": str(file)}
        started = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chassis.events.bus.member"),
            json.dumps({**how, "given": given}),
            cwd=ROOT,
        )
        process = Process(started, file)
        try:
            yield process
        finally:
            if started.returncode is None:
                await process.kill()

    async def warm(self, publisher: bus.Bus, *seen: Seen) -> None:
        """Publishes until each of the members has got something; a broker may take its time."""
        async with asyncio.timeout(2 * PATIENCE_SECONDS):
            while not all(map(_has_begun, seen)):
                # Others each time: NATS drops an event whose id it has had.
                keys = [f"{PROBE}-{uuid4().hex[:8]}" for _ in range(_KEYS)]
                await patiently(publisher, [a_message(self.topic, key) for key in keys])
                await asyncio.sleep(0.1)


def _has_begun(seen: Seen) -> bool:
    return any(line.what == PROBE for line in seen())


class Process:
    def __init__(self, process: asyncio.subprocess.Process, file: Path) -> None:
        self._process = process
        self._file = file

    def seen(self) -> list[Line]:
        return parsed(self._file)

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return await self._process.wait()


async def patiently(publisher: bus.Bus, batch: Sequence[bus.Message]) -> None:
    """As the relay of the outbox does it: until they are published."""
    while True:
        try:
            await publisher.publish(batch)
        except bus.BusUnavailableError:
            await asyncio.sleep(0.1)
        else:
            return
