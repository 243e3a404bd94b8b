# Sealed: an update replaces this file.
"""Which instance consumes which partition: it has leased it in the service's own database."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import structlog
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from ...database import Database
from ...lifecycle import repeated
from .lanes import Lane
from .lease_table import LEAVE, LIST, RELEASE, RENEW, TAKE, LeaseRow, LeaseTable

__all__ = ["LeaseRow", "Leases", "Shared"]

log = structlog.get_logger()

LEASE_SECONDS = 10.0
RENEW_SECONDS = 2.0
_START_SECONDS = 5.0
# So long before the end of a lease that handlers have ended when it does.
_MARGIN_SECONDS = 1.0


@dataclass
class Shared:
    """Work in so many slots, which the instances that take part in it share fairly."""

    name: str
    slots: int
    start: Callable[[int], Awaitable[Lane]]
    lanes: dict[int, Lane] = field(default_factory=dict)
    leaving: set[int] = field(default_factory=set)

    def lease(self, slot: int) -> str:
        return f"{self.name}/{slot}"

    def member(self, owner: str) -> str:
        return f"member/{self.name}/{owner}"

    def share(self, rows: Iterable[RowMapping]) -> int:
        prefix = self.member("")
        members = [row for row in rows if row["live"] and row["name"].startswith(prefix)]
        return -(-self.slots // max(len(members), 1))


class Leases:
    """Takes its share, renews it, and gives up what is too much; `failed`: a lane did not start."""

    def __init__(
        self, database: Database, works: list[Shared], *, failed: Callable[[], None]
    ) -> None:
        self._table = LeaseTable(database)
        self._works = works
        self._failed = failed
        self._owner = uuid4().hex[:16]
        self._sure_until = time.monotonic()
        self._leaving = False
        self._turn = asyncio.Lock()
        self._farewells: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """On exit every lane lets its message end; its lease is free as soon as it has."""
        try:
            async with (
                repeated(self._renew, seconds=RENEW_SECONDS),
                repeated(self._expire, seconds=LEASE_SECONDS / 20),
            ):
                try:
                    yield
                finally:
                    await self._farewells_of_all()
        finally:
            try:
                await self._forget(LEAVE)
            finally:
                await self._table.close()

    async def _farewells_of_all(self) -> None:
        self._leaving = True
        async with self._turn:  # a renewal that is under way may just be starting lanes
            for work in self._works:
                self._give_up(work, set(work.lanes) - work.leaving)
        await asyncio.gather(*self._farewells)

    async def _renew(self) -> None:
        async with self._turn:
            await self._renewed()

    async def _renewed(self) -> None:
        began = time.monotonic()
        try:
            async with self._table.transaction() as session:
                gained, lost = await self._settled(session)
        except Exception as error:  # noqa: BLE001 - whatever it was, the next one is due in time
            log.warning("leases_not_renewed", error=type(error).__name__)
            return
        self._sure_until = began + LEASE_SECONDS - _MARGIN_SECONDS
        await asyncio.gather(*(lane.stop(within=0) for lane in lost))
        await asyncio.gather(*(self._start(work, slot) for work, slot in gained))

    async def _start(self, work: Shared, slot: int) -> None:
        try:
            async with asyncio.timeout(_START_SECONDS):
                work.lanes[slot] = await work.start(slot)
        except Exception as error:  # noqa: BLE001 - clients raise whatever their sockets do
            log.warning("bus_lane_not_started", error=type(error).__name__)
            self._failed()

    async def _settled(self, session: AsyncSession) -> tuple[list[tuple[Shared, int]], list[Lane]]:
        """What is newly ours, in the transaction that makes it so, and what is no longer."""
        await session.execute(self._table.sql(RENEW), self._mine())
        for work in () if self._leaving else self._works:
            await session.execute(self._table.sql(TAKE), self._mine(work.member(self._owner)))
        rows = (await session.execute(self._table.sql(LIST))).mappings().all()
        gained: list[tuple[Shared, int]] = []
        lost: list[Lane] = []
        for work in self._works:
            ours = {row["name"] for row in rows if row["owner"] == self._owner}
            gone = [slot for slot in work.lanes if work.lease(slot) not in ours]
            lost += [work.lanes.pop(slot) for slot in gone]
            new = [] if self._leaving else await self._balanced(session, work, rows)
            gained += [(work, slot) for slot in new]
            for slot in set(range(work.slots)) - work.lanes.keys() - set(new):
                if work.lease(slot) in ours:  # its release has failed
                    await session.execute(self._table.sql(RELEASE), self._mine(work.lease(slot)))
        return gained, lost

    async def _balanced(
        self, session: AsyncSession, work: Shared, rows: Iterable[RowMapping]
    ) -> list[int]:
        staying = sorted(set(work.lanes) - work.leaving)
        room = work.share(rows) - len(staying)
        if room < 0:
            self._give_up(work, set(staying[room:]))
        taken = {row["name"] for row in rows if row["live"] and row["owner"] != self._owner}
        free = [slot for slot in range(work.slots) if work.lease(slot) not in taken]
        gained: list[int] = []
        for slot in [slot for slot in free if slot not in work.lanes][: max(room, 0)]:
            took = await session.execute(self._table.sql(TAKE), self._mine(work.lease(slot)))
            if took.first():
                gained.append(slot)
        return gained

    def _give_up(self, work: Shared, slots: set[int]) -> None:
        work.leaving |= slots
        for slot in slots:
            task = asyncio.create_task(self._farewell(work, slot, work.lanes[slot]))
            self._farewells.add(task)
            task.add_done_callback(self._farewells.discard)

    async def _farewell(self, work: Shared, slot: int, lane: Lane) -> None:
        await lane.stop()
        if work.lanes.get(slot) is not lane:
            return  # it has expired, and may be leased again
        await self._forget(RELEASE, work.lease(slot))
        if work.lanes.get(slot) is lane:
            del work.lanes[slot]
            work.leaving.discard(slot)

    async def _expire(self) -> None:
        """Others may take what could not be renewed: ours must have stopped by then."""
        if time.monotonic() < self._sure_until:
            return
        lanes = [lane for work in self._works for lane in work.lanes.values()]
        for work in self._works:
            work.lanes, work.leaving = {}, set()
        await asyncio.gather(*(lane.stop(within=0) for lane in lanes))

    async def _forget(self, statement: str, name: str = "") -> None:
        try:
            async with self._table.transaction() as session:
                await session.execute(self._table.sql(statement), self._mine(name))
        except Exception as error:  # noqa: BLE001 - renewals release it, and without them it ends
            log.warning("leases_not_released", error=type(error).__name__)

    def _mine(self, name: str = "") -> dict[str, object]:
        return {"owner": self._owner, "name": name, "seconds": LEASE_SECONDS}
