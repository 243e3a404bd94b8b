"""Shows how a fleet is getting on: a live table on a terminal, a line each without one."""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import console
from .fleet_find import Member
from .fleet_rows import Row

MARKS = {
    "updated": "[green]✓[/]",
    "current": "[green]✓[/]",
    "fine": "[green]✓[/]",
    "up to date": "[green]✓[/]",
    "planned": "[green]~[/]",
    "waiting": "[cyan]·[/]",
    "behind": "[yellow]![/]",
    "drifted": "[yellow]![/]",
    "conflict": "[red]![/]",
    "skipped": "[dim]·[/]",
    "damaged": "[red]✗[/]",
    "failed": "[red]✗[/]",
}


class View:
    """A line on stderr for each service that is finished."""

    def __init__(self, total: int) -> None:
        """How many there are in all."""
        self._total = total
        self._done = 0

    def begun(self, member: Member) -> None:
        """A worker has taken it."""

    def done(self, row: Row) -> None:
        """A worker is through with it."""
        self._done += 1
        detail = f": {row.detail}" if row.detail and not row.fine else ""
        console.say(f"{self._done}/{self._total} {row.name} {row.status}{detail}")


class _Live(View):
    """The services at work, those that ended last, and how many ended how."""

    def __init__(self, total: int, height: int) -> None:
        super().__init__(total)
        self._height = height
        self._running: dict[object, tuple[str, float]] = {}
        self._rows: list[Row] = []

    def begun(self, member: Member) -> None:
        self._running[member.folder] = (member.name, time.monotonic())

    def done(self, row: Row) -> None:
        self._running.pop(row.path, None)
        self._rows.append(row)

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        fitting = max(self._height - len(self._running) - 2, 0)
        for row in self._rows[-fitting:] if fitting else ():
            mark = Text.from_markup(MARKS[row.status])
            detail = Text(row.detail or "", no_wrap=True, overflow="ellipsis")
            table.add_row(mark, Text(row.name), row.status, detail)
        for name, since in self._running.values():
            took = f"{time.monotonic() - since:.0f} s"
            table.add_row(Spinner("dots"), Text(name), "at work", took)
        counts = Counter(row.status for row in self._rows)
        said = ", ".join(f"{number} {status}" for status, number in counts.items())
        return Group(table, Text(f"{len(self._rows)} of {self._total}  {said}", style="dim"))


@contextmanager
def watching(total: int) -> Iterator[View]:
    """The view for wherever stderr goes."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield View(total)
        return
    from rich.console import Console
    from rich.live import Live

    screen = Console(stderr=True)
    view = _Live(total, screen.height)
    with Live(view, console=screen, transient=True, refresh_per_second=8):
        yield view
