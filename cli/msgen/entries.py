"""What a journal holds, and how it lies on disk."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from .errors import UserError


@dataclass(frozen=True)
class Step:
    """One file of a change, from the top of the repository; nothing means absent."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Entry:
    """What a change is about: enough to finish it or to take it back."""

    command: str
    prefix: str
    head: str
    tree: str
    """Of the service's folder at HEAD: a commit that leaves it alone changes nothing here."""
    steps: tuple[Step, ...]
    conflicts: tuple[str, ...] = ()
    token: str = field(default_factory=lambda: uuid4().hex)
    undo: bool = False
    """Whether it is being taken back on somebody's word."""


def write(file: Path, entry: Entry) -> None:
    """Whole or not at all."""
    fresh = file.with_suffix(".new")
    with fresh.open("w", encoding="utf-8", errors="surrogateescape") as opened:
        json.dump(asdict(entry), opened)
        opened.flush()
        os.fsync(opened.fileno())
    fresh.replace(file)


def read(file: Path) -> Entry | None:
    """The entry, if there is one; raises UserError when it is damaged."""
    try:
        data: dict[str, Any] = json.loads(file.read_text("utf-8", errors="surrogateescape"))
        steps = tuple(Step(**step) for step in data.pop("steps"))
        conflicts = tuple(data.pop("conflicts"))
        return Entry(**data, steps=steps, conflicts=conflicts)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as wrong:
        message = f"`{file}` is damaged, or was written by another msgen"
        hint = "look at `git status`, put things in order with git, and remove that file"
        raise UserError(message, hint=hint) from wrong
