"""What people see: results on stdout, messages on stderr, colour only on a terminal."""

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from shutil import get_terminal_size
from typing import Any, TextIO

from .errors import UserError

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_MARKUP = re.compile(rf"\0?\[({'|'.join(_STYLES)}|/)\]")
"""A mark; after a null byte, which no name can hold, it is text."""


def out(text: str = "") -> None:
    """A line of the result."""
    _write(sys.stdout, text)


def say(text: str = "") -> None:
    """A line about how it goes."""
    _write(sys.stderr, text)


def raw(text: str) -> None:
    """A piece of the result that is formatted already."""
    sys.stdout.write(text)


def shows_colour() -> bool:
    """Whether the result may be coloured."""
    return _colours(sys.stdout)


def out_json(data: object) -> None:
    """The result for machines."""
    json.dump(data, sys.stdout, indent=2, ensure_ascii=False, default=str)
    sys.stdout.write("\n")


def literal(text: str) -> str:
    """A value that is printed as it is, whatever marks it holds."""
    return _MARKUP.sub(lambda found: "\0" + found[0].lstrip("\0"), text)


def fail(wrong: UserError) -> None:
    """The one shape of an error: what is wrong, and what to do next."""
    say(f"[red]error:[/] {_emphasised(literal(str(wrong)))}")
    if wrong.hint:
        say()
        say(f"[cyan]hint:[/] {_emphasised(literal(wrong.hint))}")


def is_interactive() -> bool:
    """Whether somebody sits at both ends of a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def progress(label: str) -> Iterator[None]:
    """Show that something goes on: a spinner with a clock, or a line without a terminal."""
    if not _colours(sys.stderr):
        say(f"{label} …")
        yield
        return
    from rich.console import Console
    from rich.progress import (
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        bar.add_task(label, total=None)
        yield


@contextmanager
def patience(label: str) -> Iterator[None]:
    """Say what goes on once it has taken a second; most often it does not."""
    from threading import Timer

    timer = Timer(1, say, [f"{label} …"])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def table(rows: Sequence[Sequence[str]], *, indent: str = "  ") -> list[str]:
    """Columns that line up; the last one may be as long as it likes."""
    if not rows:
        return []
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        indent
        + "  ".join(
            f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def counted(files: Sequence[object]) -> str:
    """How many files, in words."""
    return f"{len(files)} file{'' if len(files) == 1 else 's'}"


def fitted(line: str) -> str:
    """Cut to the width of a terminal; files and pipes get the whole line."""
    width = get_terminal_size().columns
    if not sys.stdout.isatty() or len(line) <= width:
        return line
    return line[: width - 1] + "…"


def tree(files: Sequence[str], *, depth: int | None = None) -> list[str]:
    """Draw paths as a tree; below `depth` a folder is one line with its number of files."""
    root: dict[str, Any] = {}
    for file in files:
        node = root
        for part in PurePosixPath(file).parts:
            node = node.setdefault(part, {})
    return _branches(root, depth)


def _branches(node: dict[str, Any], depth: int | None, indent: str = "") -> list[str]:
    lines = []
    names = sorted(node, key=lambda name: (not node[name], name))
    for name in names:
        last = name == names[-1]
        folder = node[name]
        folded = bool(folder) and depth == 1
        label = literal(f"{name}/" if folder else name)
        count = f"  [dim]{counted(_leaves(folder))}[/]" if folded else ""
        lines.append(f"{indent}{'└── ' if last else '├── '}{label}{count}")
        if folder and not folded:
            below = None if depth is None else depth - 1
            lines += _branches(folder, below, indent + ("    " if last else "│   "))
    return lines


def _leaves(folder: dict[str, Any]) -> list[str]:
    return [
        leaf for name, each in folder.items() for leaf in (_leaves(each) if each else [name])
    ]


def _emphasised(text: str) -> str:
    return re.sub(r"`[^`]+`", lambda found: f"[bold]{found[0]}[/]", text)


def _write(stream: TextIO, text: str) -> None:
    codes = {**_STYLES, "/": "0"} if _colours(stream) else dict.fromkeys([*_STYLES, "/"], "")

    def paint(found: re.Match[str]) -> str:
        if found[0].startswith("\0"):
            return found[0][1:]
        code = codes[found[1]]
        return f"\x1b[{code}m" if code else ""

    stream.write(_MARKUP.sub(paint, text) + "\n")
    stream.flush()


def _colours(stream: TextIO) -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain
