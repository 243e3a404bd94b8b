"""How well a rendering fits what lies in a folder, file by file."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from . import console
from .ownership import Owner, Ownership
from .releases import Snapshot
from .render import ANSWERS_FILE
from .trees import Tree

SIMILAR = 0.6
"""The share of common lines from which on a file is the template's, edited."""

_EDITED = 0.9
"""What a file counts for that has every line and is not equal: another order."""
_UNEXPLAINED = 0.4
"""What a file counts for that the team has and the rendering lacks: more than one that has
little in common with the team's, which may have written its own under that name."""


class Team:
    """The files of a service as the team has them, read as far as renderings have them."""

    def __init__(self, folder: Path) -> None:
        """Look at nothing yet."""
        self.folder = folder
        self._contents: dict[str, bytes | None] = {}
        self._likeness: dict[tuple[str, str], float] = {}

    def content(self, path: str) -> bytes | None:
        """A file with the line ends of a rendering; nothing where there is no file."""
        if path not in self._contents:
            place = self.folder / path
            data = place.read_bytes() if place.is_file() else None
            if data and data.count(b"\r\n") == data.count(b"\n"):
                data = data.replace(b"\r\n", b"\n")
            self._contents[path] = data
        return self._contents[path]

    def lines(self, path: str) -> list[str]:
        """The lines of a file; none where there is no file."""
        return (self.content(path) or b"").decode("utf-8", errors="replace").split("\n")

    def likeness(self, path: str, tree: Tree) -> float:
        """The share of lines that the team's file and the rendered one have in common."""
        ours, rendered = self.content(path), tree.get(path)
        if ours is None or rendered is None:
            return 0.0
        key = (path, rendered.oid)
        if key not in self._likeness:
            self._likeness[key] = _likeness(ours, rendered.data or b"")
        return self._likeness[key]

    def fit(self, path: str, tree: Tree) -> float:
        """From 0 to 1, for one path; 1 where both have the same, or neither has anything."""
        ours = self.content(path)
        if path not in tree:
            return 1.0 if ours is None else _UNEXPLAINED
        likeness = self.likeness(path, tree)
        return likeness if likeness == 1 else likeness * _EDITED

    def gain(self, before: Tree, after: Tree) -> float:
        """By how much the second rendering fits better, counted in files."""
        differing = [
            path
            for path in (before.keys() | after.keys()) - {ANSWERS_FILE}
            if path not in before or not before[path].same(after.get(path))
        ]
        return sum(self.fit(path, after) - self.fit(path, before) for path in differing)


@dataclass
class Candidate:
    """A version of the template, rendered, against what the team has."""

    snapshot: Snapshot
    tree: Tree
    team: Team
    score: float = 0.0
    identical: list[str] = field(default_factory=list)
    similar: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Sort the template's files by what became of them; what is derived does not count."""
        for path in self._compared:
            likeness = self.team.likeness(path, self.tree)
            if likeness == 1:
                self.identical.append(path)
            elif likeness >= SIMILAR:
                self.similar.append(path)
            elif self.team.content(path) is None:
                self.missing.append(path)

    @property
    def sealed(self) -> list[str]:
        """The files that teams leave alone; every file in a template without a table."""
        own = [path for path in self._compared if self._ownership.owner(path) is Owner.SEALED]
        return own or self._compared

    @property
    def misfits(self) -> dict[str, str]:
        """The sealed files that are not as rendered, each with what is the matter."""
        known = {
            **dict.fromkeys(self.similar, "edited"),
            **dict.fromkeys(self.missing, "missing"),
        }
        left = sorted(set(self.sealed) - set(self.identical))
        return {path: known.get(path, "different") for path in left}

    @property
    def share(self) -> float:
        """How many of the sealed files are there, edited or not; from 0 to 1."""
        there = {*self.identical, *self.similar}.intersection(self.sealed)
        return len(there) / len(self.sealed)

    @cached_property
    def _ownership(self) -> Ownership:
        return Ownership(self.snapshot)

    @cached_property
    def _compared(self) -> list[str]:
        owner = self._ownership.owner
        paths = self.tree.keys() - {ANSWERS_FILE}
        return sorted(path for path in paths if owner(path) is not Owner.DERIVED)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "version": self.snapshot.version,
            "sha256": self.snapshot.checksum,
            "identical": len(self.identical),
            "similar": len(self.similar),
            "missing": len(self.missing),
            "score": round(self.score, 4),
        }


def ranked(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The best first; among equals the order stays."""
    found = list(candidates)
    paths = {path for each in found for path in each.identical + each.similar + each.missing}
    for each in found:
        paths |= each.tree.keys()
    paths.discard(ANSWERS_FILE)
    for each in found:
        each.score = sum(each.team.fit(path, each.tree) for path in paths) / len(paths)
    return sorted(found, key=lambda each: round(-each.score, 9))


def table(candidates: Iterable[Candidate]) -> list[str]:
    """The candidates for people, a line each."""
    rows = [["", "release", "identical", "similar", "missing", "score"]]
    for number, each in enumerate(candidates):
        counts = [str(len(files)) for files in (each.identical, each.similar, each.missing)]
        mark = "" if number else "▸"
        rows.append([mark, each.snapshot.version, *counts, f"{each.score:.1%}"])
    return console.table(rows)


def _likeness(ours: bytes, rendered: bytes) -> float:
    if ours == rendered:
        return 1.0
    mine, theirs = (
        Counter(filter(bytes.strip, each.splitlines())) for each in (ours, rendered)
    )
    common = (mine & theirs).total()
    # Never 1: the same lines in another order, or with other gaps, are not the same file.
    return min(2 * common / max(mine.total() + theirs.total(), 1), 0.99)
