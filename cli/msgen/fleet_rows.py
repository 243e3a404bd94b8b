"""What a fleet's workers are told, and what they say of each service: a row of the table."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from . import record
from .errors import UserError
from .fleet_find import Member
from .record import Record
from .releases import Snapshot

RowT = TypeVar("RowT", bound="Row")
FAILURES = {"failed", "damaged", "conflict", "drifted", "skipped"}
"""The states that make the command end with 1."""


class DamagedError(UserError):
    """The answers file cannot be read."""


def parsed(content: bytes, folder: Path) -> Record:
    """The record of a service; raises DamagedError."""
    try:
        return record.parse(content, folder)
    except UserError as wrong:
        raise DamagedError(str(wrong), hint=wrong.hint) from wrong


@dataclass(frozen=True)
class Order:
    """What an update is to do, the same for all services."""

    target: Snapshot
    to: str | None = None
    overrides: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    dry_run: bool = False
    canary: str | None = None
    """The name or folder of the one that comes first."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One service: its state in a word, and a sentence about it with what to do."""

    name: str
    path: Path
    status: str
    version: str | None = None
    detail: str | None = None
    hint: str | None = None

    @property
    def fine(self) -> bool:
        """Whether nobody has to do anything about it."""
        return self.status not in FAILURES

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "path": str(self.path)}


@dataclass(frozen=True, kw_only=True)
class StatusRow(Row):
    """`current`, `behind`, `damaged` or `failed`."""

    newest: str | None = None
    behind: int | None = None
    security: bool | None = None
    clean: bool | None = None
    branch: str | None = None
    """The newest branch of msgen's that waits to be merged."""


@dataclass(frozen=True, kw_only=True)
class CheckRow(Row):
    """`fine`, `drifted`, `damaged` or `failed`."""

    newest: str | None = None
    behind: int | None = None
    security: bool | None = None
    files: tuple[dict[str, str], ...] = ()
    """Sealed files that differ: `path` and `kind`."""


@dataclass(frozen=True, kw_only=True)
class UpdateRow(Row):
    """`updated`, `planned`, `up to date`, `waiting`, `conflict`, `failed`, …."""

    to: str | None = None
    repository: str | None = None
    branch: str | None = None
    commit: str | None = None
    conflicts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What is left to do on the branch."""
    output: str | None = None
    """The end of what the command that did not verify had printed."""


def of(kind: type[RowT], member: Member, status: str, **more: Any) -> RowT:
    """A row about a member."""
    return kind(name=member.name, path=member.folder, status=status, **more)


def failed(kind: type[RowT], member: Member, wrong: Exception) -> RowT:
    """A row about a member with which something went wrong."""
    if isinstance(wrong, DamagedError):
        return of(kind, member, "damaged", detail=str(wrong), hint=wrong.hint)
    if isinstance(wrong, UserError):
        return of(kind, member, "failed", detail=str(wrong), hint=wrong.hint)
    if isinstance(wrong, OSError):
        place = f"`{wrong.filename}`: " if wrong.filename else ""
        return of(kind, member, "failed", detail=f"{place}{wrong.strerror or wrong}")
    detail = f"msgen itself failed: {type(wrong).__name__}: {wrong}"
    hint = f"see the whole of it: `MSGEN_DEBUG=1 msgen update --dry-run {member.folder}`"
    return of(kind, member, "failed", detail=detail, hint=hint)
