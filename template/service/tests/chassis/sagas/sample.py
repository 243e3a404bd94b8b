# Sealed: an update replaces this file.
"""A saga of the tests' own, in memory, and a process that drives it."""

import asyncio
import importlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from ...conftest import PACKAGE, Settings, UnitOfWork, errors

sagas: Any = importlib.import_module(f"{PACKAGE}.chassis.sagas")
database: Any = importlib.import_module(f"{PACKAGE}.chassis.database")
QUICK = {
    "sagas_dead_seconds": 1.0,
    "sagas_step_seconds": 0.6,
    "sagas_pause_seconds": 0.05,
    "sagas_stuck_seconds": 0.2,
}
ENDED = ("confirmed", "rejected", "cancelled")


class Room:
    """What the steps of a saga do: `plan[step]` has an error, or an event, for each attempt."""

    def __init__(self) -> None:
        self.plans: defaultdict[str, dict[str, list[Any]]] = defaultdict(dict)
        self.done: defaultdict[str, list[str]] = defaultdict(list)

    def step(self, name: str) -> Any:
        async def act(work: Any) -> None:
            saga_id = str(work.saga_id)
            plan = self.plans[saga_id].get(name)
            what = plan.pop(0) if plan else None
            if isinstance(what, asyncio.Event):
                await what.wait()
            elif what is not None:
                raise what
            self.done[saga_id].append(name)

        return act

    def saga(self, *names: str, version: int = 1, **options: Any) -> Any:
        """`first` and `second` can be undone; `last` is retriable; `ask` is an approval."""
        parts = []
        for name in names:
            if name == "ask":
                parts.append(sagas.approval(name, when=lambda work: work.data.get("ask", False)))
            elif name == "last":
                parts.append(sagas.retriable(name, do=self.step(name)))
            else:
                undo = self.step(f"undo {name}")
                parts.append(sagas.step(name, do=self.step(name), undo=undo))
        return sagas.saga("sample", version=version, **options)(*parts)


class Process:
    """One that drives these sagas; the tests see it from inside."""

    def __init__(self, base: Any, engine: Any, room: Room) -> None:
        self.database, self.engine, self.room = base, engine, room

    async def start(self, saga: Any, plan: dict[str, list[Any]] | None = None, **data: Any) -> UUID:
        saga_id = uuid4()
        self.room.plans[str(saga_id)] = plan or {}
        async with (unit := UnitOfWork(self.database)):
            sagas.start(unit, saga, saga_id=saga_id, data=data)
        return saga_id

    async def held(self, saga_id: UUID, step: str) -> None:
        """Until the saga is in the midst of a step that has a plan."""
        await wait_for(lambda: not self.room.plans[str(saga_id)][step])

    async def wish(self, wish: Any, saga_id: UUID) -> None:
        await wish(UnitOfWork(self.database), saga_id)

    async def until(self, saga_id: UUID, *states: str, seconds: float = 10) -> dict[str, Any]:
        found: dict[str, Any] = {}

        async def reached() -> bool:
            found.update(await sagas.read(self.database, saga_id))
            return found["state"] in (states or ENDED)

        await wait_for(reached, seconds=seconds)
        return found

    async def column(self, saga_id: UUID, name: str) -> Any:
        query = select(getattr(sagas.SagaRow, name)).where(sagas.SagaRow.id == saga_id)
        return (await self.database.rows(query))[0][name]


@asynccontextmanager
async def driving(settings: Settings, room: Room, *versions: Any) -> AsyncIterator[Process]:
    base = database.Database(settings)
    engine = sagas.Engine(base, settings, list(versions), room)
    async with base.opened(), engine.opened():
        yield Process(base, engine, room)


async def wait_for(condition: Callable[[], Any], *, seconds: float = 10) -> None:
    """`condition` may be a coroutine function."""
    async with asyncio.timeout(seconds):
        while not (await found if isawaitable(found := condition()) else found):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def happened(saga: dict[str, Any]) -> list[str]:
    return [f"{each['kind']} {each['name']} {each['state']}" for each in saga["steps"]]


class AwayError(errors.UnavailableError):
    pass


class NoError(errors.ConflictError):
    pass
