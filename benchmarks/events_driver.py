"""One process of `events.py`: tells events or handles them, in the environment of a service.

python events_driver.py PACKAGE tell|paced|hear|bare-tell|bare-hear COUNT
"""

import asyncio
import importlib
import json
import os
import sys
import time
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import rig
from sqlalchemy import text

PACKAGE, ROLE, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])
KEYS = [uuid4() for _ in range(200)]
PACED_A_SECOND = 50
AT_ONCE = 8
SAMPLED = 1000
WARM_UP = 0.0
RUN = os.environ["BENCH_RUN"]
"""Brokers also keep what runs that were broken off have left there."""

events = importlib.import_module(f"{PACKAGE}.chassis.events")
database_module = importlib.import_module(f"{PACKAGE}.chassis.database")
audit = importlib.import_module(f"{PACKAGE}.chassis.audit")
config = importlib.import_module(f"{PACKAGE}.chassis.config")
log = importlib.import_module(f"{PACKAGE}.chassis.logging")
migrate = importlib.import_module(f"{PACKAGE}.chassis.migrate")
Settings = importlib.import_module(f"{PACKAGE}.settings").Settings


class Measured(events.Event, topic="measured", key="key"):  # type: ignore[name-defined,misc,call-arg]
    """`sent` is the clock of the machine, in seconds."""

    key: UUID
    sent: float
    run: str = RUN
    pad: str = "x" * 200


class Hearing:
    """What was handled: when, and how long after it was told."""

    def __init__(self, cold: Iterable[str]) -> None:
        self.cold = set(cold)
        self.lags = array("d", bytes(8 * COUNT))  # all of it now: what grows later is not ours
        self.heard = 0
        self.over = asyncio.Event()
        self.last = self.cpu = 0.0
        self.memory: list[int] = []

    def hear(self, run: str, sent: float, key: str = "") -> None:
        if run != RUN:
            return
        if sent == WARM_UP:
            self.cold.discard(key)
            return
        self.last = time.time()
        if self.heard < COUNT:
            self.lags[self.heard] = self.last - sent
        self.heard += 1
        if self.heard % SAMPLED == 0:
            self.memory.append(rig.resident())
        if self.heard >= COUNT:
            self.over.set()

    async def warm(self, tell_some: Callable[[], Awaitable[object]]) -> None:
        """Until every key is heard of: a broker may take seconds to hand them out."""
        while self.cold:
            await tell_some()
            await asyncio.sleep(1)
        self.cpu = rig.cpu_seconds()
        print("ready", flush=True, file=sys.stderr)

    def report(self) -> dict[str, Any]:
        return {
            "count": self.heard,
            "last": self.last,
            "p50": rig.percentile(self.lags, 0.5) * 1000,
            "p99": rig.percentile(self.lags, 0.99) * 1000,
            "cpu": (rig.cpu_seconds() - self.cpu) / self.heard * 1e6,
            "memory": self.memory,
        }


@asynccontextmanager
async def service(handlers: Any) -> AsyncIterator[Any]:
    settings = config.load(Settings)
    log.configure(settings)
    await asyncio.to_thread(migrate.upgrade, settings)
    database = database_module.Database(settings)
    running = events.Events(database, settings)
    if handlers is not None:
        running.consumer.add(handlers)
    async with database.opened():
        # The first connection alone: it makes a new SQLite file one with a write-ahead log.
        await database.rows(text("SELECT 1"))
        async with running.running():
            yield database


async def tell() -> dict[str, Any]:
    """One event a transaction, as fast as the database takes them, a few side by side."""
    async with service(None) as database:
        await _warmed(database)
        began, memory = time.time(), []
        counter = iter(range(COUNT))

        async def some() -> None:
            for number in counter:
                async with events.UnitOfWork(database) as unit:
                    unit.emit(Measured(key=KEYS[number % len(KEYS)], sent=time.time()))
                if (number + 1) % SAMPLED == 0:
                    memory.append(rig.resident())

        await asyncio.gather(*(some() for _ in range(AT_ONCE)))
        told = time.time()
        await _emptied(database)
        return {"began": began, "told": told, "memory": [*memory, rig.resident()]}


async def paced() -> dict[str, Any]:
    async with service(None) as database:
        await _warmed(database)
        for number in range(COUNT):
            async with events.UnitOfWork(database) as unit:
                unit.emit(Measured(key=KEYS[number % len(KEYS)], sent=time.time()))
            await asyncio.sleep(1 / PACED_A_SECOND)
        await _emptied(database)
        return {}


async def _warmed(database: Any) -> None:
    """The broker is connected, and knows the topic."""
    await _told(database, KEYS[:AT_ONCE])
    await _emptied(database)


async def _told(database: Any, keys: Iterable[UUID]) -> None:
    async with events.UnitOfWork(database) as unit:
        for key in keys:
            unit.emit(Measured(key=key, sent=WARM_UP))


async def _emptied(database: Any) -> None:
    waiting = 1
    while waiting:
        await asyncio.sleep(0.05)
        [row] = await database.rows(text("SELECT count(*) AS n FROM chassis_outbox"))
        waiting = row["n"]


async def hear() -> dict[str, Any]:
    """The effect is one row, in the transaction of the inbox."""
    hearing, handlers = Hearing(map(str, KEYS)), events.Handlers()

    @handlers.on(Measured)  # type: ignore[untyped-decorator]
    async def handle(event: Any, unit: Any, _: Any) -> None:
        audit.record(unit.session, action="heard", entity="event", entity_id=event.key)
        unit.after_commit(lambda: hearing.hear(event.run, event.sent, str(event.key)))

    async with service(handlers) as database:
        await hearing.warm(lambda: _told(database, KEYS))
        await hearing.over.wait()
        return hearing.report()


def _bare() -> Any:
    """FastStream as its documentation has it: a broker, a subscriber, no database."""
    url = os.environ["BARE_URL"]
    scheme = url.partition(":")[0]
    if scheme == "amqp":
        from faststream.rabbit import RabbitBroker, RabbitQueue

        queue = RabbitQueue("bare-durable", durable=True, arguments={"x-queue-type": "quorum"})
        told = {"queue": queue, "persist": True} if ROLE == "bare-tell" else {"queue": queue}
        return RabbitBroker(url, logger=None), told
    if scheme == "nats":
        from faststream.nats import NatsBroker
        from nats.js.api import DeliverPolicy

        told = {"subject": "bare.x", "stream": "bare"}
        heard = {**told, "deliver_policy": DeliverPolicy.NEW}
        return NatsBroker(url, logger=None), told if ROLE == "bare-tell" else heard
    if scheme == "redis":
        from faststream.redis import RedisBroker

        return RedisBroker(url, logger=None), {"stream": "bare"}
    from faststream.kafka import KafkaBroker

    return KafkaBroker(url.removeprefix("kafka://"), logger=None), {"topic": "bare"}


def _body(sent: float) -> dict[str, Any]:
    return {"run": RUN, "sent": sent, "pad": "x" * 200}


async def bare_hear() -> dict[str, Any]:
    hearing = Hearing([""])
    broker, place = _bare()
    topic = place.get("topic")
    words = {key: value for key, value in place.items() if key != "topic"}

    @broker.subscriber(*([topic] if topic else []), **words)  # type: ignore[untyped-decorator]
    async def handle(body: dict[str, Any]) -> None:
        hearing.hear(body["run"], body["sent"])

    words.pop("deliver_policy", None)
    told = {"topic": topic} if topic else words
    async with broker:
        await broker.start()
        await hearing.warm(lambda: broker.publish(_body(WARM_UP), **told))
        await hearing.over.wait()
        return hearing.report()


async def bare_tell() -> dict[str, Any]:
    broker, place = _bare()
    async with broker:
        await broker.start()
        await broker.publish(_body(WARM_UP), **place)
        began = time.time()
        for _ in range(COUNT):
            await broker.publish(_body(time.time()), **place)
        return {"began": began, "told": time.time()}


ROLES = {
    "tell": tell,
    "paced": paced,
    "hear": hear,
    "bare-tell": bare_tell,
    "bare-hear": bare_hear,
}

if __name__ == "__main__":
    import uvloop

    print(json.dumps(uvloop.run(ROLES[ROLE]())))
