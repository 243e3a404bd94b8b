"""The tables of the fleet commands, and what to do about what they show."""

import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from . import console
from .fleet_rows import CheckRow, Row, RowT, StatusRow, UpdateRow
from .fleet_view import MARKS

_ONE_BY_ONE = 5
"""Repositories up to which each gets a line of its own on how to push."""


def show_status(rows: Sequence[StatusRow]) -> None:
    """Version, distance, work tree and waiting branch of each."""
    _table(rows, lambda row: (*_distance(row), _cleanliness(row), row.branch or ""))
    _show_details(rows)
    _sum_up(rows)


def show_check(rows: Sequence[CheckRow]) -> None:
    """Version and sealed files of each."""

    def cells(row: CheckRow) -> tuple[str, ...]:
        sealed = f"{console.counted(row.files)} differ" if row.files else "as rendered"
        return (*_distance(row), sealed if row.version else "")

    _table(rows, cells)
    _show_details(rows)
    _sum_up(rows)
    if any(row.files for row in rows):
        console.out("`msgen check PATH` lists the files")


def show_update(rows: Sequence[UpdateRow]) -> None:
    """What became of each, what is left to do, and how to push."""
    _table(rows, lambda row: (_step(row), row.status, row.branch or ""))
    _show_details(rows)
    _sum_up(rows)
    _show_pushes([row for row in rows if row.status in {"updated", "waiting"}])


def _table(rows: Sequence[RowT], cells: Callable[[RowT], tuple[str, ...]]) -> None:
    lines = console.table([(row.name, place(row.path), *cells(row)) for row in rows])
    for row, line in zip(rows, lines, strict=True):
        console.out(f"{MARKS[row.status]} {console.fitted(line)[2:]}")


def _show_details(rows: Sequence[Row]) -> None:
    """The sentences about what is not as it should be; once where many share one."""
    told: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        sentences = () if row.fine else (row.detail or "", row.hint or "")
        lines = (*sentences, *(row.notes if isinstance(row, UpdateRow) else ()))
        output = row.output if isinstance(row, UpdateRow) else None
        lines += tuple(f"[dim]│[/] {line}" for line in (output or "").splitlines())
        told.setdefault(tuple(filter(None, lines)), []).append(row.name)
    for lines, names in told.items():
        if lines:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004
            console.out()
            console.out(f"[bold]{', '.join(names[:3])}{more}[/]")
            for line in lines:
                console.out(f"  {line}")
    if any(told):
        console.out()


def _distance(row: StatusRow | CheckRow) -> tuple[str, str]:
    """The version, and how many releases are newer; or what is wrong, in a word."""
    if row.version is None:
        return row.status, ""
    security = ", security" if row.security else ""
    number = f"{row.behind} release{'' if row.behind == 1 else 's'}"
    return row.version, f"{number} behind{security}" if row.behind else "newest"


def _cleanliness(row: StatusRow) -> str:
    return {True: "clean", False: "dirty", None: ""}[row.clean]


def _step(row: UpdateRow) -> str:
    if row.version is None or row.version == row.to:
        return row.version or ""
    return f"{row.version} → {row.to}"


def _sum_up(rows: Sequence[Row]) -> None:
    counts = Counter(row.status for row in rows)
    said = ", ".join(f"{number} {status}" for status, number in counts.items())
    console.out(f"[dim]{len(rows)} service{'' if len(rows) == 1 else 's'}: {said}[/]")


def _show_pushes(rows: Sequence[UpdateRow]) -> None:
    """A line a repository; where they are many and alike, one loop."""
    branches: dict[str, list[str]] = {}
    for row in rows:
        branches.setdefault(str(row.repository), []).append(str(row.branch))
    if not branches:
        return
    console.out()
    console.out("To push:")
    alike = {name for names in branches.values() for name in names}
    if len(branches) > _ONE_BY_ONE and len(alike) == 1:
        places = " ".join(shlex.quote(place(Path(each))) for each in branches)
        [branch] = alike
        console.out(f'  for each in {places}; do git -C "$each" push origin {branch}; done')
        return
    for repository, names in branches.items():
        where = shlex.quote(place(Path(repository)))
        console.out(f"  git -C {where} push origin {shlex.join(names)}")


def place(folder: Path) -> str:
    """As it can be typed here."""
    try:
        return str(folder.relative_to(Path.cwd())) or "."
    except ValueError:
        return str(folder)
