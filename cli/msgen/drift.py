"""How far a service is from its template: releases behind, and sealed files that differ."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from . import change, console, releases, trees
from .ownership import Owner, Ownership
from .record import Record
from .releases import Release
from .trees import Blob

Kind = Literal["changed", "missing"]


@dataclass(frozen=True)
class Drifted:
    """A sealed file that is not as the recorded template renders it."""

    path: str
    kind: Kind


@dataclass(frozen=True)
class Report:
    """What was found of one service."""

    record: Record
    newer: list[Release] = field(default_factory=list)
    files: list[Drifted] = field(default_factory=list)

    @property
    def behind(self) -> int:
        """How many releases it lacks."""
        return len(self.newer)

    @property
    def security(self) -> bool:
        """Whether one of them closes a security hole."""
        return any(release.security for release in self.newer)

    @property
    def newest(self) -> str:
        """The newest version that this msgen knows of, or the recorded one."""
        return str(self.newer[-1].version) if self.newer else self.record.version

    @property
    def drifted(self) -> bool:
        """Whether anything is not as it should be."""
        return bool(self.newer or self.files)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "name": self.record.name,
            "path": str(self.record.folder),
            "version": self.record.version,
            "newest": self.newest,
            "behind": self.behind,
            "security": self.security,
            "files": [{"path": each.path, "kind": each.kind} for each in self.files],
            "drifted": self.drifted,
        }


def examine(record: Record, *, version: bool = True, content: bool = True) -> Report:
    """Look at a service as it lies there, committed or not.

    Raises UserError when the recorded template is not on this machine.
    """
    newer = _newer(record) if version else []
    return Report(record, newer, sealed_differences(record) if content else [])


def _newer(record: Record) -> list[Release]:
    if not record.is_foreign:
        return releases.newer_than(record.version)
    from . import foreign

    return foreign.newer(record.snapshot())


def sealed_differences(record: Record) -> list[Drifted]:
    """The sealed files that differ from what the recorded template renders."""
    state = change.recorded_state(record)
    ownership = Ownership(state.snapshot)
    with console.patience("Rendering the template"):
        rendered = state.render()
    found = []
    for path, blob in sorted(rendered.items()):
        if ownership.owner(path) is Owner.SEALED:
            kind = _difference(record.folder / path, blob)
            if kind:
                found.append(Drifted(path, kind))
    return found


def _difference(file: Path, rendered: Blob) -> Kind | None:
    """Line ends are no difference; git may turn them."""
    if not file.is_symlink() and not file.is_file():
        return "missing"
    mode, data = trees.content(file)
    if mode != rendered.mode:
        return "changed"
    same = data == rendered.data or _unix(data) == _unix(rendered.data or b"")
    return None if same else "changed"


def _unix(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")
