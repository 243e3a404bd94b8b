"""Folders that one side renamed: what the other one did in them comes along.

Git does this for files that were added to such a folder itself, but not for those in new
folders below it.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath


def stragglers(
    moved: Mapping[str, str],
    left: Collection[str],
    gone: Collection[str],
    kept: Collection[str],
) -> dict[str, str]:
    """New names for files that were left behind, by their old ones.

    `moved` has the template's renames by their new names; `left` the team's own files,
    `gone` and `kept` all files that the template has no more and still has.
    """
    folders = _renamed(moved, gone, kept)
    found = {}
    for path in left:
        for folder in PurePosixPath(path).parents:
            if str(folder) in folders:
                inside = PurePosixPath(path).relative_to(folder)
                found[path] = str(PurePosixPath(folders[str(folder)]) / inside)
                break
    return found


def _renamed(
    moved: Mapping[str, str], gone: Collection[str], kept: Collection[str]
) -> dict[str, str]:
    """Folders of which nothing is left, with what most of their files moved to."""
    votes = Counter(pair for new, old in moved.items() for pair in _folders(old, new))
    alive = {str(folder) for path in kept for folder in PurePosixPath(path).parents}
    found: dict[str, str] = {}
    for (old, new), _ in votes.most_common():
        if old not in alive and any(path.startswith(f"{old}/") for path in gone):
            found.setdefault(old, new)
    return found


def _folders(old: str, new: str) -> list[tuple[str, str]]:
    """The pairs of folders that a rename speaks for: upwards while what follows is equal."""
    before, after = PurePosixPath(old).parent, PurePosixPath(new).parent
    pairs = []
    while before.name and after.name and before != after:
        pairs.append((str(before), str(after)))
        if before.name != after.name:
            break
        before, after = before.parent, after.parent
    return pairs


def combined(old: str, one: str, other: str) -> str | None:
    """The name of a file that got two new ones, if either is that of a moved folder."""
    return _carried(old, one, other) or _carried(old, other, one)


def _carried(old: str, new: str, path: str) -> str | None:
    """A path after the folder's move that made `new` of `old`."""
    before, after = list(PurePosixPath(old).parts), list(PurePosixPath(new).parts)
    if before[-1] != after[-1]:
        return None
    while before and after and before[-1] == after[-1]:
        before.pop()
        after.pop()
    parts = PurePosixPath(path).parts
    if list(parts[: len(before)]) != before:
        return None
    return str(PurePosixPath(*after, *parts[len(before) :]))
