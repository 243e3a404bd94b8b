"""How far imports are: bars on a terminal, a line for each step elsewhere."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeRemainingColumn as Remaining
from rich.text import Text

from .queries import Progress as State

_SECONDS = 0.5
_PATIENCE = 8
"""Looks at an empty queue before it is over: what was asked for may be on its way."""

Look = Callable[[], Awaitable[State]]


async def watch(look: Look, *, follow: bool) -> None:
    """Until nothing is left, or for good."""
    console, empty = Console(), 0
    if console.is_terminal:
        bars = _Bars()
        with Live(bars.shown, console=console, refresh_per_second=4) as live:
            while follow or empty < _PATIENCE:
                state = await look()
                live.update(bars.of(state))
                empty = empty + 1 if state.over else 0
                await asyncio.sleep(_SECONDS)
        return
    told = ""
    while follow or empty < _PATIENCE:
        state = await look()
        if (line := _line(state)) != told:
            console.print(line, highlight=False, soft_wrap=True)
            told = line
        empty = empty + 1 if state.over else 0
        await asyncio.sleep(_SECONDS)


class _Bars:
    """A bar for each import at work, and a line about the others."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
        self._progress = Progress(*columns)
        self._tasks: dict[UUID, TaskID] = {}
        self.shown = Group(self._progress)

    def of(self, state: State) -> Group:
        running = {row["id"]: row for row in state.running}
        for job_id in self._tasks.keys() - running.keys():
            self._progress.remove_task(self._tasks.pop(job_id))
        for job_id, row in running.items():
            if job_id not in self._tasks:
                self._tasks[job_id] = self._progress.add_task(_about(row), total=row["total"])
            self._progress.update(
                self._tasks[job_id],
                description=_about(row),
                completed=row["done"],
                total=row["total"],
            )
        return Group(self._progress, Text(_rest(state), style="dim"))


def _about(row: dict[str, Any]) -> str:
    again = f" (attempt {row['attempt']})" if row["attempt"] > 1 else ""
    return f"{row['message'] or row['id']}{again}"


def _rest(state: State) -> str:
    return f"{len(state.running)} running, {state.waiting} waiting, {state.dead} dead"


def _line(state: State) -> str:
    at_work = (f"{_about(row)} {row['done']}/{row['total'] or '?'}" for row in state.running)
    return "; ".join((_rest(state), *at_work))
