"""What becomes of each file, in one word; the same in a dry run as in the run."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .merge import Merged
from .ownership import Ownership
from .sides import Sides


class Verdict(StrEnum):
    """What a change does with a file."""

    NEW = "new"
    CLEAN = "clean"
    MERGED = "merged"
    CONFLICT = "conflict"
    GONE = "gone"
    KEPT = "kept"
    DELETED = "deleted"
    LEFT_OUT = "left out"
    EJECTED = "ejected"
    UNCHANGED = "unchanged"


CHANGING = {Verdict.NEW, Verdict.CLEAN, Verdict.MERGED, Verdict.CONFLICT, Verdict.GONE}


@dataclass(frozen=True)
class Outcome:
    """A file and what becomes of it; `was` is its name before the template renamed it."""

    path: str
    verdict: Verdict
    owner: str
    was: str | None = None
    newer: bool = False
    """Whether the template's version of it changed, whatever becomes of the file."""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        moved = {"was": self.was} if self.was else {}
        return {"path": self.path, "verdict": str(self.verdict), "owner": self.owner, **moved}


def judge(
    fit: Sides, merged: Merged, ownership: Ownership, ejected: Collection[str]
) -> list[Outcome]:
    """An outcome for each file that the template has, had, or changes; sorted by path."""
    paths = {*fit.base, *fit.theirs, *merged.conflicts, *ejected}
    paths |= {path for path, blob in merged.files.items() if not blob.same(fit.ours.get(path))}
    outcomes = []
    for path in sorted(paths):
        verdict = Verdict.EJECTED if path in ejected else _verdict(path, fit, merged)
        was = merged.moved.get(path) if verdict is not Verdict.UNCHANGED else None
        newer = _changed_by_the_template(path, fit)
        outcomes.append(Outcome(path, verdict, str(ownership.owner(path)), was, newer))
    return outcomes


def counted(outcomes: list[Outcome]) -> dict[Verdict, int]:
    """How many files have each verdict, in the order of the verdicts."""
    counts = Counter(outcome.verdict for outcome in outcomes)
    return {verdict: counts[verdict] for verdict in Verdict if counts[verdict]}


def _changed_by_the_template(path: str, fit: Sides) -> bool:
    base, theirs = fit.base.get(path), fit.theirs.get(path)
    return theirs is not None and not theirs.same(base)


def _verdict(path: str, fit: Sides, merged: Merged) -> Verdict:
    if path in merged.conflicts:
        return Verdict.CONFLICT
    base, ours, theirs = (side.get(path) for side in (fit.base, fit.ours, fit.theirs))
    after = merged.files.get(path)
    if after is None and ours is None:
        return Verdict.DELETED if base else Verdict.LEFT_OUT
    if after is None:
        return Verdict.GONE
    if ours is None:
        return Verdict.MERGED if theirs and not after.same(theirs) else Verdict.NEW
    if after.same(ours):
        untouched = base is not None and base.same(ours)
        return Verdict.UNCHANGED if untouched and after.same(theirs) else Verdict.KEPT
    return Verdict.CLEAN if after.same(theirs) else Verdict.MERGED
