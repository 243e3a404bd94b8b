"""One measurement of `event_store.py`, in the environment of a service.

python event_store_driver.py PACKAGE append|load|rebuild COUNT
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import inside
import rig

ROLE, COUNT = sys.argv[2], int(sys.argv[3])
WRITERS = 8
SIZES = (50, 1_050, 10_050)
"""Of streams that are loaded: all but the first end half-way between two snapshots."""
SNAPSHOTS = {"snapshots each 100": 100, "no snapshots": 100_000}
BATCH = 100
ACCOUNTS = 200

store_of = inside.part("chassis.event_store").EventStore
as_of = inside.part("chassis.event_store").AsOf
work = inside.part("chassis.unit_of_work").UnitOfWork
account_of = inside.part("ledger.domain").Account

Figures = dict[str, float]
One = Callable[[int], Awaitable[object]]


async def timed(one: One, *, count: int, at_once: int = 1) -> Figures:
    """`one` is given which of those at once it is done by."""
    times: list[float] = []
    counter = iter(range(count))

    async def some(which: int) -> None:
        for _ in counter:
            started = time.perf_counter()
            await one(which)
            times.append((time.perf_counter() - started) * 1000)

    cpu, began = rig.cpu_seconds(), time.perf_counter()
    await asyncio.gather(*(some(which) for which in range(at_once)))
    return {
        "rate": count / (time.perf_counter() - began),
        "p50": rig.percentile(times, 0.5),
        "p99": rig.percentile(times, 0.99),
        "cpu": (rig.cpu_seconds() - cpu) / count * 1000,
    }


async def grown(database: Any, store: Any, size: int) -> UUID:
    """An account with `size` events, appended some at a time."""
    account = account_of(id=uuid4())
    account.open(owner=str(account.id), currency="EUR", name=None)
    while account.tip.version < size:
        for _ in range(min(BATCH - account.version % BATCH, size - account.version)):
            account.deposit(1)
        async with work(database) as unit:
            await store.save(unit, account)
    identity: UUID = account.id
    return identity


async def append(database: Any, loaded: Any) -> dict[str, Figures]:
    """A transaction for each event."""
    store = store_of(loaded)
    accounts = [await grown(database, store, 1) for _ in range(WRITERS)]
    bare = await _bare(database)
    found = {}
    for name, one, at_once in (
        ("bare insert, one writer", bare, 1),
        ("one writer", _deposits(database, store, accounts[:1]), 1),
        ("bare insert, eight writers", bare, WRITERS),
        ("eight writers, an account each", _deposits(database, store, accounts), WRITERS),
        ("eight writers, one account", _deposits(database, store, accounts[:1]), WRITERS),
    ):
        await timed(one, count=50, at_once=at_once)
        found[name] = await timed(one, count=COUNT, at_once=at_once)
    return found


def _deposits(database: Any, store: Any, accounts: Sequence[UUID]) -> One:
    """Hold, load, change, save, as the use cases do it."""

    async def one(which: int) -> None:
        blank = account_of(id=accounts[which % len(accounts)])
        async with work(database) as unit:
            await store.hold(unit.session, blank)
            account = await store.load(unit, blank)
            account.deposit(1)
            await store.save(unit, account)

    return one


async def _bare(database: Any) -> One:
    """A row in a transaction, through the same unit of work: no stream, lock or digest."""
    from sqlalchemy import text

    async with work(database) as unit:
        await unit.session.execute(text("CREATE TABLE bare (id VARCHAR(36), data TEXT)"))
    insert = text("INSERT INTO bare VALUES (:id, :data)")

    async def one(_: int) -> None:
        async with work(database) as unit:
            await unit.session.execute(insert, {"id": str(uuid4()), "data": '{"amount": 1}'})

    return one


async def load(database: Any, loaded: Any) -> dict[str, Figures]:
    """Now, and as of a version or a time in the past, by queries of their own."""
    found = {}
    for (name, every), size in ((kind, size) for kind in SNAPSHOTS.items() for size in SIZES):
        store = store_of(loaded.model_copy(update={"snapshot_events": every}))
        account = await grown(database, store, size)
        count = COUNT if every == BATCH else max(10, COUNT * BATCH // (size + BATCH))
        figures = await _loaded(database, store, account, count=count)
        if every > SIZES[-1]:
            figures["events"] = figures["rate"] * size
        found[f"{size:,} events, {name}"] = figures
        if size == SIZES[-1]:
            for kind, until in (await _points(database, store, account)).items():
                past = await _loaded(database, store, account, count=count, until=until)
                found[f"{size:,} events, {name}, as of a {kind}"] = past
    return found


async def _loaded(
    database: Any, store: Any, account: UUID, *, count: int, until: Sequence[Any] = ()
) -> Figures:
    """`until`: points in time to choose from; now, where there are none."""
    choice = random.Random(1)

    async def one(_: int) -> None:
        then = choice.choice(until) if until else as_of()
        found = await store.read(database.rows, account_of(id=account), then)
        assert found.version, "nothing was there"

    await timed(one, count=3)
    return await timed(one, count=count)


async def _points(database: Any, store: Any, account: UUID) -> dict[str, list[Any]]:
    """Versions all over the stream, and the times at which they came."""
    versions = range(1, SIZES[-1], 97)
    then = [
        await store.read(database.rows, account_of(id=account), as_of(version=each))
        for each in versions
    ]
    return {
        "version": [as_of(version=each) for each in versions],
        "time": [as_of(at=each.tip.at) for each in then],
    }


async def rebuild(database: Any, loaded: Any) -> dict[str, Figures]:
    """The read model of all accounts, from the first event on."""
    store = store_of(loaded)
    for _ in range(ACCOUNTS):
        await grown(database, store, COUNT // ACCOUNTS)
    projector = inside.part("chassis.event_store").Projector(database, loaded)
    projector.add(inside.part("ledger.projections").PROJECTIONS)
    found = {}
    for name in ("the first time", "again, beside the one that is read"):
        began = time.perf_counter()
        await projector.rebuild("accounts")
        seconds = time.perf_counter() - began
        found[name] = {"seconds": seconds, "events": COUNT / seconds}
    return found


async def main() -> dict[str, Figures]:
    loaded = inside.settings()
    async with inside.opened(loaded) as database:
        return await ROLES[ROLE](database, loaded)


ROLES = {"append": append, "load": load, "rebuild": rebuild}

if __name__ == "__main__":
    import uvloop

    print(json.dumps(uvloop.run(main())))
