"""What every command that changes a service has in common: lock, look, plan, ask, apply."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from . import change, console, derived, git, journal, record, resolving, verdicts
from .change import Change, State
from .errors import UserError
from .git import Repository
from .poststeps import Step
from .record import Record
from .trees import Tree
from .verdicts import Outcome, Verdict

Status = Literal["up to date", "planned", "done", "conflict"]
Agreement = Callable[[Change], None]
"""Sees what is planned, and raises when it must not be done."""


@dataclass(frozen=True)
class Manner:
    """How a change is carried out."""

    command: str
    dry_run: bool = False
    install: bool = True
    leave_edited: bool = False
    agree: Agreement | None = None


@dataclass(frozen=True)
class Result:
    """What became of one service."""

    record: Record
    target: State
    status: Status
    outcomes: list[Outcome] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def conflicts(self) -> list[str]:
        """The files that need a decision."""
        return [each.path for each in self.outcomes if each.verdict is Verdict.CONFLICT]

    @property
    def incomplete(self) -> bool:
        """Whether somebody has to do the rest."""
        failed = any(step.status == "failed" for step in self.steps)
        return self.status == "conflict" or failed

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        template = self.target.snapshot
        return {
            "name": self.record.name,
            "path": str(self.record.folder),
            "status": self.status,
            "from": {"version": self.record.version, "sha256": self.record.checksum},
            "to": {"version": template.version, "sha256": template.checksum},
            "files": [each.as_dict() for each in self.outcomes],
            "conflicts": self.conflicts,
            "steps": [step.as_dict() for step in self.steps],
        }


def check_undisturbed(folder: Path) -> None:
    """Refuse to say anything of a service whose change was interrupted."""
    if journal.is_left_behind(folder):
        message = f"a change of `{folder}` was interrupted"
        raise UserError(message, hint="run `msgen update` there: it puts that in order first")


@contextmanager
def at_work(path: Path, *, writing: bool = True) -> Iterator[tuple[Record, Repository]]:
    """The service around a path, held against others and rid of what a kill has left.

    Without `writing` nothing is touched, and an interrupted change is an error.
    """
    folder = record.find(path)
    repository = git.around(folder)
    if not writing:
        check_undisturbed(folder)
        yield record.load(folder), repository
        return
    with journal.alone(repository):
        told = journal.recover(repository)
        if told:
            console.say(f"[yellow]![/] {told}")
        yield record.load(folder), git.around(folder)


def check_clean(repository: Repository) -> None:
    """Refuse to mix a change with work that is not committed."""
    dirty = repository.uncommitted()
    if not dirty:
        return
    waiting = journal.pending(repository)
    if waiting:
        message = f"`{waiting.command}` is not committed yet"
        raise UserError(
            message, hint="run `git commit`, or `msgen update --abort` to take it back"
        )
    more = f" and {len(dirty) - 1} more" if len(dirty) > 1 else ""
    message = f"`{dirty[0]}`{more} has changes that are not committed"
    raise UserError(message, hint="run `git commit` or `git stash` first, then this again")


def carry_out(
    service: Record,
    repository: Repository,
    target: State,
    manner: Manner,
    *,
    base: Tree | None = None,
) -> Result:
    """Plan the change, ask, apply it, and make again what is derived."""
    if not manner.dry_run:
        check_clean(repository)
    how = {"leave_edited": manner.leave_edited, "for_real": not manner.dry_run}
    with change.planned(service, repository, target, **how, base=base) as planned:
        if planned.is_empty or manner.dry_run:
            status: Status = "up to date" if planned.is_empty else "planned"
            return Result(service, target, status, planned.outcomes)
        if manner.agree:
            manner.agree(planned)
        change.apply(planned, manner.command)
    if planned.conflicts:
        return Result(service, target, "conflict", planned.outcomes)
    steps = _remake(repository, planned.outcomes, install=manner.install)
    return Result(service, target, "done", planned.outcomes, steps)


def _remake(repository: Repository, outcomes: list[Outcome], *, install: bool) -> list[Step]:
    changed = [each.path for each in outcomes if each.verdict in verdicts.CHANGING]
    edited = any(
        each.path == derived.SETTINGS and each.verdict in {Verdict.KEPT, Verdict.MERGED}
        for each in outcomes
    )
    return derived.remake(repository, changed, install=install, settings_edited=edited)


def abort(path: Path) -> str:
    """Take back the change that waits to be committed; says what was done."""
    with at_work(path) as (_, repository):
        entry = journal.pending(repository)
        if entry is None:
            message = (
                "there is nothing to take back: no change of msgen's waits to be committed"
            )
            raise UserError(message, hint="what is committed, `git revert` takes back")
        saved = journal.take_back(entry, repository)
        kept = f"; what you had written meanwhile is in `{saved}`" if saved else ""
        return f"`{entry.command}` is taken back, everything is as it was before{kept}"


def proceed(path: Path, *, install: bool) -> list[Step]:
    """Finish a change whose conflicts are resolved; raises UserError while some are not."""
    with at_work(path) as (_, repository):
        entry = journal.pending(repository)
        if entry is None:
            message = (
                "there is nothing to go on with: no change of msgen's waits to be committed"
            )
            hint = "once it is committed, `uv lock` is left to do; else run `msgen update`"
            raise UserError(message, hint=hint)
        resolving.check_resolved(entry, repository)
        prefix = repository.prefix
        changed = [step.path.removeprefix(prefix) for step in entry.steps]
        edited = derived.SETTINGS in changed or f"{prefix}{derived.SETTINGS}" in entry.conflicts
        return derived.remake(repository, changed, install=install, settings_edited=edited)
