"""Decides what git calls a conflict and is none here."""

import re
from typing import TYPE_CHECKING

from . import trees
from .git import Repository
from .moves import combined, stragglers
from .ownership import Owner, Ownership
from .sides import Sides
from .trees import Blob

if TYPE_CHECKING:
    from .merge import Merged, Stages

_BASE, _OURS, _THEIRS = 1, 2, 3
MARKS = re.compile(rb"^(<{7,}|>{7,}) ", re.MULTILINE)
"""Git makes them longer where two names meet."""
_ASIDE = re.compile(r"(.+)~(yours|template-[\w.+-]+)")
"""Git's name for a file whose own is taken by something of another kind."""
Edits = dict[str, Blob | None]
"""Contents for paths of the merged tree; nothing takes the path away."""


def decided(
    merged: "Merged", ready: Sides, repository: Repository, ownership: Ownership
) -> Edits:
    """What has to be written; takes conflicts away that are decided."""
    edits = _renamed_twice(merged, ready, repository)
    for path, stages in list(merged.conflicts.items()):
        owner = ownership.owner(path)
        if _is_aside(path, merged, ready):
            continue
        if _is_left_alone(path, stages, ready, ownership):
            edits[path] = ready.ours.get(path, stages[_OURS])
        elif owner is Owner.DERIVED and path in ready.ours:
            edits[path] = ready.ours[path]
        elif _is_deleted(path, stages, merged, ready):
            edits[path] = None
        else:
            continue
        del merged.conflicts[path]
    return edits | _come_along(merged, ready)


def _is_aside(path: str, merged: "Merged", ready: Sides) -> bool:
    """Whether a file, a folder and a link contend for the name, which git cannot merge."""
    if _ASIDE.fullmatch(path):
        return not any(path in side for side in (ready.base, ready.ours, ready.theirs))
    asides = (_ASIDE.fullmatch(each) for each in merged.conflicts)
    return any(found and found[1] == path for found in asides)


def _is_left_alone(path: str, stages: "Stages", ready: Sides, ownership: Ownership) -> bool:
    """Whether it is the team's own, by the name that it was rendered under too."""
    if not ready.leave_edited or _OURS not in stages:
        return False
    base = stages.get(_BASE)
    names = [name for name, blob in ready.base.items() if base and blob.oid == base.oid]
    return all(ownership.owner(each) is Owner.YOURS for each in (path, *names))


def _is_deleted(path: str, stages: "Stages", merged: "Merged", ready: Sides) -> bool:
    """Whether the team deleted it; what it renamed, and the template too, it did not."""
    if _OURS in stages or path in ready.ours:
        return False
    if merged.moved.get(path) in ready.ours or any(
        name.startswith(f"{path}/") for name in ready.ours
    ):
        return False
    theirs = stages.get(_THEIRS)
    named_by_team = (each.get(_OURS) for each in merged.conflicts.values() if len(each) == 1)
    return not (theirs and len(stages) == 1 and theirs in named_by_team)


def _renamed_twice(merged: "Merged", ready: Sides, repository: Repository) -> Edits:
    """Files that the team and the template renamed, where one of them only moved a folder."""
    single = {path: stages for path, stages in merged.conflicts.items() if len(stages) == 1}
    by_team = {stages[_OURS].oid: path for path, stages in single.items() if _OURS in stages}
    edits: Edits = {}
    for new, blob in [
        (path, each[_THEIRS]) for path, each in single.items() if _THEIRS in each
    ]:
        team = by_team.get(blob.oid, "")
        for now, old in merged.moved.items() if team else ():
            name = combined(old, team, now)
            taken = merged.files.keys() | ready.ours.keys()
            if name and new in {now, name} and (name == new or name not in taken):
                edits |= {team: None, new: None, name: blob}
                _join(merged, ready, (old, team, now), name)
                break
    _mark(merged, edits, repository)
    return edits


def _join(merged: "Merged", ready: Sides, names: tuple[str, str, str], name: str) -> None:
    """One name for three; it counts as a conflict until its content was looked at."""
    old, team, now = names
    for path in names:
        merged.conflicts.pop(path, None)
    three = (ready.base[old], ready.ours[team], ready.theirs[now])
    merged.conflicts[name] = dict(enumerate(three, start=_BASE))
    merged.moved[name] = old


def _mark(merged: "Merged", edits: Edits, repository: Repository) -> None:
    """Take away the conflicts that were only about the name."""
    blobs = {path: blob.oid for path, blob in edits.items() if blob}
    texts = trees.contents(blobs.values(), repository, scratch=merged.scratch)
    for path, oid in blobs.items():
        if not MARKS.search(texts[oid]):
            del merged.conflicts[path]


def _come_along(merged: "Merged", ready: Sides) -> Edits:
    """The team's own files in folders that the template renamed."""
    own = merged.files.keys() & ready.ours.keys() - ready.base.keys() - ready.theirs.keys()
    gone = ready.base.keys() - ready.theirs.keys()
    edits: Edits = {}
    for old, new in stragglers(merged.moved, own, gone, ready.theirs.keys()).items():
        if new not in merged.files and new not in merged.conflicts:
            edits |= {old: None, new: merged.files[old]}
            merged.moved[new] = old
    return edits
