# Sealed: an update replaces this file.
"""How a saga is driven: forward step by step, and back in reverse when one fails."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

from ..database import Database
from ..tables import now
from .attempts import Failure, attempt, tell
from .definition import Action, Approval, Part, Retriable, Saga, Step, Work
from .journal import Journal
from .places import APPROVE, CANCEL, DECLINE, Entry, Place, pause
from .settings import SagasSettings
from .tables import SagaRow, State

Durable = Callable[..., Awaitable[Any]]
Outcome = dict[str, Any]
_LONGEST_PAUSE = 5.0
_DECISIONS = {APPROVE: "done", DECLINE: "refused", CANCEL: "cancelled"}
_TO_UNDO = ("done", "expired", "cancelled")
"""A step is taken back where it was done, and where nobody knows whether it was."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all sagas of a process share; `durable(name, function, …)` remembers results."""

    database: Database
    settings: SagasSettings
    journal: Journal
    slots: asyncio.Semaphore
    durable: Durable


class Run:
    """One saga in the hands of this process; `nudged` is set when a person wants something."""

    def __init__(self, row: SagaRow, saga: Saga, resources: Any, around: Surroundings) -> None:
        self.id, self.saga, self.nudged = row.id, saga, asyncio.Event()
        self._data, self._resources, self._around = row.data, resources, around
        self._journal, self._settings = around.journal, around.settings
        self._numbers = count(1)

    async def drive(self) -> str:
        """What is called through `durable` runs once; the rest must decide the same each time."""
        durable = self._around.durable
        begun: list[tuple[Part, Outcome]] = []
        for part in self.saga.steps:
            outcome = await durable(part.name, self._forward, part, next(self._numbers))
            begun.append((part, outcome))
            if outcome["state"] not in ("done", "skipped"):
                return await self._back(begun)
        return str(await durable("finish", self._journal.finish, self.id, State.CONFIRMED))

    async def _back(self, begun: list[tuple[Part, Outcome]]) -> str:
        durable = self._around.durable
        failed, outcome = begun[-1]
        cancelled = outcome["state"] == "cancelled"
        why = outcome["error"] or _WHY.get(outcome["state"], outcome["state"])
        reason = "cancelled by an operator" if cancelled else f"{failed.name}: {why}"
        await durable("turn back", self._journal.turn_back, self.id, reason)
        for part, result in reversed(begun):
            tried = result["state"] in _TO_UNDO and result["attempts"] > 0
            if isinstance(part, Step) and part.undo is not None and tried:
                await durable(f"undo {part.name}", self._undo, part, next(self._numbers))
        end = State.CANCELLED if cancelled else State.REJECTED
        return str(await durable("finish", self._journal.finish, self.id, end))

    async def _forward(self, part: Part, number: int) -> Outcome:
        if isinstance(part, Approval):
            if not part.when(self._work(part.name)):
                return {"state": "skipped", "attempts": 0, "error": None}
            place = self._place(number, part, "approval", State.WAITING, guarded=True)
        else:
            guarded = isinstance(part, Step)
            place = self._place(number, part, "do", State.RUNNING, guarded=guarded)
        entry = await self._journal.begin(place, seconds=self._seconds)
        if entry.ended:
            return entry.outcome
        if isinstance(part, Approval):
            return await self._wait(place, entry, part)
        if isinstance(part, Retriable):
            return await self._insist(place, entry, part.do)
        return await self._try(place, entry, part)

    async def _try(self, place: Place, entry: Entry, step: Step) -> Outcome:
        left = (entry.deadline_at - now()).total_seconds()
        left = min(left, step.seconds or self._settings.sagas_step_seconds)
        for attempts in count(entry.attempts):
            began, failure = await self._attempt(place, step.do, left)
            if failure is None:
                return await self._journal.end(place, "done")
            if failure.refused:
                return await self._journal.end(place, "refused", error=failure.error)
            left -= time.monotonic() - began
            if left <= 0:
                return await self._journal.end(place, "expired", error=failure.error)
            longest = min(left, _LONGEST_PAUSE, self._settings.sagas_pause_seconds)
            left -= await self._retry(place, attempts, failure, place.state, longest)
            if await self._journal.wish(self.id) == CANCEL:
                return await self._journal.end(place, "cancelled", error=failure.error)
        raise AssertionError

    async def _undo(self, step: Step, number: int) -> Outcome:
        assert step.undo is not None
        place = self._place(number, step, "undo", State.COMPENSATING)
        entry = await self._journal.begin(place, seconds=self._seconds)
        return entry.outcome if entry.ended else await self._insist(place, entry, step.undo)

    async def _insist(self, place: Place, entry: Entry, action: Action) -> Outcome:
        """Until it succeeds: what must be done is never left out."""
        for attempts in count(entry.attempts):
            _, failure = await self._attempt(place, action, self._settings.sagas_step_seconds)
            if failure is None:
                return await self._journal.end(place, "done")
            lasts = (now() - entry.started_at).total_seconds()
            stuck = lasts >= self._settings.sagas_stuck_seconds
            state = State.STUCK if stuck else place.state
            longest = self._settings.sagas_pause_seconds
            await self._retry(place, attempts, failure, state, longest)
        raise AssertionError

    async def _wait(self, place: Place, entry: Entry, part: Approval) -> Outcome:
        seconds = part.seconds or self._settings.sagas_approval_seconds
        while True:
            wish = await self._journal.wish(self.id)
            if (state := _DECISIONS.get(wish or "")) is not None:
                return await self._journal.end(place, state)
            whole = (entry.deadline_at - now()).total_seconds()
            left = min(seconds - (now() - entry.started_at).total_seconds(), whole)
            if left <= 0:
                return await self._journal.end(place, "expired", error="nobody approved in time")
            await self._pause(left)

    async def _attempt(
        self, place: Place, action: Action, seconds: float
    ) -> tuple[float, Failure | None]:
        """When it began, by the monotonic clock, and why it failed."""
        async with self._around.slots:
            began = time.monotonic()
            failure = await attempt(action, self._work(place.name), seconds=seconds)
        if failure is not None:
            tell(failure, self.saga.name, place)
        return began, failure

    async def _retry(
        self, place: Place, attempts: int, failure: Failure, state: State, longest: float
    ) -> float:
        """Wait for the next attempt, or until somebody wants something; the seconds it took."""
        began = time.monotonic()
        await self._journal.note(place, attempts=attempts + 1, error=failure.error, state=state)
        await self._pause(pause(attempts, longest=longest))
        if self.nudged.is_set():
            await self._journal.resumed(self.id)
        return time.monotonic() - began

    async def _pause(self, seconds: float) -> None:
        self.nudged.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.nudged.wait()

    @property
    def _seconds(self) -> float:
        return self.saga.seconds or self._settings.sagas_seconds

    def _place(
        self, number: int, part: Part, kind: str, state: State, *, guarded: bool = False
    ) -> Place:
        return Place(
            saga_id=self.id,
            number=number,
            name=part.name,
            kind=kind,
            state=state,
            guarded=guarded,
        )

    def _work(self, step: str) -> Work:
        return Work(
            saga_id=self.id,
            step=step,
            data=self._data,
            resources=self._resources,
            database=self._around.database,
        )


_WHY = {"refused": "declined", "expired": "the time was over"}
