"""One measurement of `sagas.py`, in the environment of a service.

python sagas_driver.py PACKAGE load|queued|direct COUNT AT_ONCE
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import inside
import rig

ROLE, COUNT, AT_ONCE = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
LOOK_SECONDS = 0.01
POLL_SECONDS = 0.2  # as the chassis tells its queues
ORDER = {"currency": "EUR", "lines": [{"sku": "TEA-1", "quantity": 2, "unit_price": 450}]}

One = Callable[[], Awaitable[None]]


async def measured(one: One, process: int | str = "self") -> dict[str, float]:
    """Do it COUNT times, after a few that do not count; CPU is that of `process`."""
    await asyncio.gather(*(one() for _ in range(AT_ONCE + 3)))
    times: list[float] = []
    counter = iter(range(COUNT))

    async def some() -> None:
        for _ in counter:
            started = time.perf_counter()
            await one()
            times.append((time.perf_counter() - started) * 1000)

    cpu, began = rig.cpu_seconds(process), time.perf_counter()
    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return {
        "rate": COUNT / (time.perf_counter() - began),
        "p50": rig.percentile(times, 0.5),
        "p99": rig.percentile(times, 0.99),
        "cpu": (rig.cpu_seconds(process) - cpu) / COUNT * 1000,
    }


class Watch:
    """Sees in the database how sagas end: to ask the service would be work for it."""

    def __init__(self, database: Any) -> None:
        self._database, self._awaited = database, {}  # type: ignore[var-annotated]

    async def confirmed(self, saga_id: UUID) -> None:
        self._awaited[saga_id] = asyncio.get_running_loop().create_future()
        state = await self._awaited[saga_id]
        if state != "confirmed":
            raise SystemExit(f"error: a saga was {state}")

    async def looking(self) -> None:
        from sqlalchemy import select

        row = inside.part("chassis.sagas").SagaRow
        ended = select(row.id, row.state).where(row.ended_at.is_not(None))
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            found = await self._database.rows(ended.where(row.id.in_([*self._awaited])))
            for each in found:
                self._awaited.pop(each["id"]).set_result(each["state"])


async def load() -> dict[str, float]:
    """From the request that starts a saga until it is seen as confirmed."""
    import httpx2

    headers = {"authorization": f"Bearer {os.environ['BENCH_TOKEN']}"}
    client = httpx2.AsyncClient(
        base_url=os.environ["BENCH_URL"], headers=headers, timeout=60, trust_env=False
    )
    async with inside.opened(inside.settings(log_level="ERROR")) as database, client:
        watch = Watch(database)
        looking = asyncio.create_task(watch.looking())

        async def one() -> None:
            answer = await client.post("/checkouts", json=ORDER)
            if answer.status_code != 202:
                raise SystemExit(f"error: {answer.status_code} {answer.text}")
            await watch.confirmed(UUID(answer.json()["id"]))

        found = await measured(one, os.environ["BENCH_PROCESS"])
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        return found


async def bare() -> dict[str, float]:
    """DBOS with its own settings, on the same database."""
    from dbos import DBOS

    one = _three_steps()
    durable, loaded = inside.part("chassis.sagas.durable"), inside.settings()
    durable.migrate(loaded)  # also tells SQLite what it tells it for the service
    url = durable.url_of(loaded)
    DBOS(config={"name": "bare", "system_database_url": url, "log_level": "ERROR"})
    DBOS.listen_queues(["bare"])
    DBOS.launch()
    await DBOS.register_queue_async("bare", polling_interval_sec=POLL_SECONDS)
    found = await measured(one)
    await asyncio.to_thread(DBOS.destroy)
    return found


def _three_steps() -> One:
    """A workflow of steps that do nothing, from its start to its end."""
    from dbos import DBOS

    ended: dict[str, asyncio.Event] = {}

    async def nothing() -> None:
        pass

    @DBOS.workflow()
    async def saga(name: str) -> None:
        for number in range(3):
            await DBOS.run_step_async({"name": f"step {number}"}, nothing)
        ended[name].set()

    async def one() -> None:
        name = uuid4().hex
        ended[name] = asyncio.Event()
        if ROLE == "direct":
            await (await DBOS.start_workflow_async(saga, name)).get_result()
        else:
            await DBOS.enqueue_workflow_async("bare", saga, name)
            await ended[name].wait()
        del ended[name]

    return one


ROLES = {"load": load, "queued": bare, "direct": bare}

if __name__ == "__main__":
    import uvloop

    print(json.dumps(uvloop.run(ROLES[ROLE]())))
