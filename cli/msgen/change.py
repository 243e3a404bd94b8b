"""A service moved from one template and set of answers to another: planned, then applied."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from . import answers, config, console, git, journal, merge, questions, trees, verdicts
from .answers import Layer, Source
from .entries import Entry, Step
from .errors import UsageError, UserError
from .git import Repository
from .merge import Merged
from .ownership import Ownership
from .questions import Expressions
from .record import Record
from .releases import Snapshot
from .render import ANSWERS_FILE
from .sides import Sides, fitted, prepare
from .trees import Tree
from .verdicts import Outcome, Verdict

_ROOM = 50_000_000
"""Bytes: a rendering has half a million; Docker gives a container 64 million in all."""


@dataclass(frozen=True)
class State:
    """A template and the answers given to it: all that a rendering depends on."""

    snapshot: Snapshot
    answers: Mapping[str, Any]

    def render(self, *, sha256: bool = False) -> Tree:
        """The tree that `msgen new` would write."""
        from .render import render

        place = None if self.snapshot.is_foreign else _memory()
        with TemporaryDirectory(prefix="msgen-", dir=place) as folder:
            render(self.snapshot, self.answers, Path(folder))
            return trees.read(Path(folder), sha256=sha256)


@cache
def _memory() -> Path | None:
    """Memory instead of a disk, if there is some: a rendering is a hundred small files."""
    place = Path("/dev/shm")  # noqa: S108
    try:
        roomy = shutil.disk_usage(place).free > _ROOM and os.access(place, os.W_OK | os.X_OK)
    except OSError:
        return None
    return place if roomy and not os.environ.get("TMPDIR") else None


@dataclass(frozen=True)
class Change:
    """What is going to happen to a service."""

    record: Record
    repository: Repository
    target: State
    outcomes: list[Outcome]
    merged: Merged
    ours: Tree
    """The service as it is committed."""

    @property
    def conflicts(self) -> list[str]:
        """The files that need a decision."""
        return [each.path for each in self.outcomes if each.verdict is Verdict.CONFLICT]

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all would change."""
        return not any(each.verdict in verdicts.CHANGING for each in self.outcomes)


def recorded_state(record: Record) -> State:
    """What the service was made from; raises UserError when that template is not here."""
    known = questions.load(snapshot := record.snapshot())
    given = {key: value for key, value in record.answers.items() if key in known}
    for key, value in given.items():
        try:
            known[key].check(value)
        except UsageError as wrong:
            message = f"`{record.folder / ANSWERS_FILE}`: {wrong}"
            raise UserError(message, hint="mend it, or run `msgen recover`") from wrong
    return State(snapshot, given)


def target_state(record: Record, snapshot: Snapshot, changed: Mapping[str, Any]) -> State:
    """The recorded answers, the changed ones, and defaults for what is new.

    Raises UserError when a recorded answer is none any more, UsageError for a changed one.
    """
    known = questions.load(snapshot)
    kept = {key: value for key, value in record.answers.items() if key in known}
    organisation = config.load()
    defaults = {key: value for key, value in organisation.answers.items() if key in known}
    said = {key: value for key, value in changed.items() if not known[key].derived}
    kept |= {key: value for key, value in changed.items() if known[key].derived}
    kept = {key: value for key, value in kept.items() if value or not known[key].derived}
    layers = [
        Layer(Source.FLAG, said),
        Layer(Source.RECORDED, kept, f"`{record.folder / ANSWERS_FILE}`"),
        Layer(Source.ORGANISATION, defaults, f"`{organisation.path}`"),
    ]
    complete = answers.complete(known, layers, Expressions(snapshot))
    given = {
        key: each.value for key, each in complete.items() if each.source is not Source.DERIVED
    }
    return State(replace(snapshot, source=record.source), given)


def _rendered(
    record: Record, target: State, base: Tree | None, *, sha256: bool
) -> tuple[Tree, Tree]:
    """What the service was made as, and what it would be made as."""
    with console.patience("Rendering the template"):
        if base is None:  # what a new pattern leaves out must not look like deleted
            before = recorded_state(replace(record, terms=target.snapshot.terms))
            base = before.render(sha256=sha256)
        return base, target.render(sha256=sha256)


@contextmanager
def planned(  # noqa: PLR0913
    record: Record,
    repository: Repository,
    target: State,
    *,
    leave_edited: bool,
    base: Tree | None = None,
    for_real: bool = True,
) -> Iterator[Change]:
    """Work out the change; it can be applied as long as the block lasts."""
    base, now = _rendered(record, target, base, sha256=repository.sha256)
    ours = trees.at(repository.tree, repository)
    if ANSWERS_FILE not in ours:
        message = f"`{repository.prefix}{ANSWERS_FILE}` is not committed"
        raise UserError(message, hint="commit the service first")
    fit = fitted(Sides(base, ours, now), repository)
    ownership = Ownership(target.snapshot)
    ready = prepare(fit, repository, ownership, leave_edited=leave_edited)
    beside = journal.folder(repository) if for_real else None
    label = "template-" + re.sub(r"[^\w.+-]", "-", target.snapshot.version)
    with merge.merging(ready, repository, ownership, label=label, beside=beside) as merged:
        outcomes = verdicts.judge(fit, merged, ownership, record.ejected)
        yield Change(record, repository, target, outcomes, merged, ours)


def apply(change: Change, command: str) -> None:
    """Write work tree and index, all or nothing; nothing is committed."""
    repository = change.repository
    tree = committable_tree(change)
    conflicts = tuple(repository.prefix + path for path in change.merged.conflicts)
    steps = tuple(_steps(change))
    here = (repository.prefix, repository.head, repository.tree)
    entry = Entry(command, *here, steps, conflicts)
    try:
        journal.put(entry, repository, tree, _unmerged(change))
    except git.GitError as wrong:
        message = f"nothing was changed: {wrong.detail}"
        raise UserError(message, hint="mend that, then run the command again") from wrong


def committable_tree(change: Change) -> str:
    """The tree of the whole repository after the change, its objects in the repository."""
    tree = merge.whole_tree(change.merged, change.repository)
    merge.move_objects(change.merged, change.repository)
    return tree


def _steps(change: Change) -> Iterator[Step]:
    """Every file that differs afterwards."""
    ours, after = change.ours, change.merged.files
    prefix = change.repository.prefix
    for path in sorted(ours.keys() | after.keys() | change.merged.conflicts.keys()):
        old, new = ours.get(path), after.get(path)
        same = old.same(new) if old else new is None
        if not same or path in change.merged.conflicts:
            yield Step(prefix + path, old.oid if old else None, new.oid if new else None)


def _unmerged(change: Change) -> bytes:
    """Conflicts as git keeps them in the index."""
    prefix, lines = change.repository.prefix, []
    for path, stages in change.merged.conflicts.items():
        lines.append(f"0 {'0' * len(change.repository.head)}\t{prefix}{path}\0")
        lines += [
            f"{blob.mode} {blob.oid} {stage}\t{prefix}{path}\0"
            for stage, blob in sorted(stages.items())
        ]
    return "".join(lines).encode(errors="surrogateescape")
