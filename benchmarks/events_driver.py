"""One process of `events.py`: tells events or handles them, in the environment of a service.

python events_driver.py PACKAGE tell|paced|hear|bare-tell|bare-hear COUNT
"""

import asyncio
import importlib
import json
import os
import resource
import sys
import time
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import rig

PACKAGE, ROLE, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])
KEYS = [uuid4() for _ in range(200)]
PACED_A_SECOND = 50
AT_ONCE = 8
SAMPLED = 1000

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
    pad: str = "x" * 200


class Hearing:
    """What was handled: when, and how long after it was told."""

    def __init__(self) -> None:
        self.lags = array("d", bytes(8 * COUNT))  # all of it now: what grows later is not ours
        self.heard = 0
        self.over = asyncio.Event()
        self.last = 0.0
        self.memory: list[int] = []

    def hear(self, sent: float) -> None:
        self.last = time.time()
        if self.heard < COUNT:
            self.lags[self.heard] = self.last - sent
        self.heard += 1
        if self.heard % SAMPLED == 0:
            self.memory.append(rig.resident())
        if self.heard >= COUNT:
            self.over.set()

    def report(self) -> dict[str, Any]:
        lags = sorted(self.lags)
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "count": self.heard,
            "last": self.last,
            "p50": lags[len(lags) // 2] * 1000,
            "p99": lags[int(len(lags) * 0.99)] * 1000,
            "cpu": (used.ru_utime + used.ru_stime) / len(lags) * 1e6,
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
    async with database.opened(), running.running():
        yield database


async def tell() -> dict[str, Any]:
    """One event a transaction, as fast as the database takes them, a few side by side."""
    async with service(None) as database:
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
        for number in range(COUNT):
            async with events.UnitOfWork(database) as unit:
                unit.emit(Measured(key=KEYS[number % len(KEYS)], sent=time.time()))
            await asyncio.sleep(1 / PACED_A_SECOND)
        await _emptied(database)
        return {}


async def _emptied(database: Any) -> None:
    from sqlalchemy import text

    waiting = 1
    while waiting:
        await asyncio.sleep(0.05)
        [row] = await database.rows(text("SELECT count(*) AS n FROM chassis_outbox"))
        waiting = row["n"]


async def hear() -> dict[str, Any]:
    """The effect is one row, in the transaction of the inbox."""
    hearing, handlers = Hearing(), events.Handlers()

    @handlers.on(Measured)  # type: ignore[untyped-decorator]
    async def handle(event: Any, unit: Any, _: Any) -> None:
        audit.record(unit.session, action="heard", entity="event", entity_id=event.key)
        unit.after_commit(lambda: hearing.hear(event.sent))

    async with service(handlers):
        _ready()
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

        return NatsBroker(url, logger=None), {"subject": "bare.x", "stream": "bare"}
    if scheme == "redis":
        from faststream.redis import RedisBroker

        return RedisBroker(url, logger=None), {"stream": "bare"}
    from faststream.kafka import KafkaBroker

    return KafkaBroker(url.removeprefix("kafka://"), logger=None), {"topic": "bare"}


async def bare_hear() -> dict[str, Any]:
    hearing = Hearing()
    broker, place = _bare()
    topic = place.pop("topic", None)
    subscriber = broker.subscriber(*([topic] if topic else []), **place)

    @subscriber
    async def handle(body: dict[str, Any]) -> None:
        hearing.hear(body["sent"])

    async with broker:
        await broker.start()
        _ready()
        await hearing.over.wait()
        return hearing.report()


async def bare_tell() -> dict[str, Any]:
    broker, place = _bare()
    async with broker:
        await broker.start()
        began = time.time()
        for _ in range(COUNT):
            await broker.publish({"sent": time.time(), "pad": "x" * 200}, **place)
        return {"began": began, "told": time.time()}


def _ready() -> None:
    print("ready", flush=True, file=sys.stderr)


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
