"""Dependencies in `pyproject.toml`, merged by key: bots and templates bump the same lines."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array

from .requirements import Clash, name_of, parsed, stronger

Place = tuple[str, ...]
Entries = dict[str, Any]
"""The items of a list by what they are about: a requirement by its name, and by its marker too
where the name occurs with several."""


@dataclass(frozen=True)
class Sides:
    """The same file as it was rendered, as the team has it, and as it is rendered now."""

    base: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class _Keys:
    """How the items of some lists are told apart; `alone` are the names that need no marker."""

    alone: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *arrays: Any) -> "_Keys":
        counts = [Counter(map(name_of, array)) for array in arrays]
        names = {name for each in counts for name in each if name}
        return cls(frozenset(each for each in names if all(n[each] < 2 for n in counts)))  # noqa: PLR2004

    def listed(self, array: Any) -> list[str]:
        """A key for each item, in order; the second of a name has a number."""
        seen: Counter[str] = Counter()
        listed = []
        for key in map(self.key, array):
            listed.append(f"{key}#{seen[key]}" if seen[key] else key)
            seen[key] += 1
        return listed

    def entries(self, array: Any) -> Entries:
        """The items by their keys."""
        return dict(zip(self.listed(array), array, strict=True))

    def key(self, item: Any) -> str:
        """What it is about."""
        name, requirement = name_of(item), parsed(item)
        if not name or requirement is None:
            return str(item)
        marked = requirement.marker and name not in self.alone
        return f"{name};{requirement.marker}" if marked else name


def harmonised(sides: Sides) -> Sides:
    """The sides with their lists of requirements merged, so that lines of them cannot conflict.

    What cannot be decided by key (a pin below the bound that the template now needs) is left
    as it is, for git to show as a conflict. So is a list that names something twice, unless
    only the team changed that. A file that is no TOML, or of another shape, comes back
    unchanged.
    """
    try:
        base, ours, theirs = map(tomlkit.parse, (sides.base, sides.ours, sides.theirs))
    except TOMLKitError:
        return sides
    _follow_moves(base, ours, theirs)
    for place in _places(ours):
        lists = [_list(document, place) for document in (base, ours, theirs)]
        if all(each is not None for each in lists):
            keys = _Keys.of(*lists)
            if not _is_tangled(keys, *lists):
                _harmonise((base, ours, theirs), place, keys)
    return Sides(*map(tomlkit.dumps, (base, ours, theirs)))


def _is_tangled(keys: _Keys, base: Any, ours: Any, theirs: Any) -> bool:
    """Whether it cannot be said which item of one list is which of another."""
    lists = (base, ours, theirs)
    for key in {keys.key(item) for each in lists for item in each}:
        about = [[item for item in each if keys.key(item) == key] for each in lists]
        if max(map(len, about)) > 1 and about[0] != about[2]:
            return True
    for name in {name_of(item) for each in lists for item in each} - keys.alone - {None}:
        named = [{keys.key(i): i for i in each if name_of(i) == name} for each in lists]
        both_changed = named[0] not in named[1:] and named[1] != named[2]
        if both_changed and not named[0].keys() == named[1].keys() == named[2].keys():
            return True
    return False


def _follow_moves(base: Any, ours: Any, theirs: Any) -> None:
    """A bound that the team raised goes along when the template moves it to another list."""
    for old in _places(ours):
        before, mine, now = (_entries(each, old) for each in (base, ours, theirs))
        if _list(theirs, old) is None:
            continue
        for key in before.keys() & mine.keys() - now.keys():
            for new in _places(theirs):
                moved = _entries(theirs, new).get(key)
                if moved is not None and key not in _entries(base, new):
                    with suppress(Clash):
                        merged = _merged_item(before[key], mine[key], moved)
                        _settle(_list(theirs, new), key, merged, _Keys())
                        _settle(_list(ours, old), key, before[key], _Keys())


def _harmonise(documents: tuple[Any, Any, Any], place: Place, keys: _Keys) -> None:
    """Merge one list into ours, and give the others the same but for what clashes."""
    base, ours, theirs = documents
    sides = [keys.entries(_list(document, place)) for document in documents]
    clashes = _merge_into(_list(ours, place), sides, keys)
    merged = _list(ours, place)
    for document, entries in ((base, sides[0]), (theirs, sides[2])):
        copy = deepcopy(merged)
        for key in clashes:
            _settle(copy, key, entries.get(key), keys)
        _parent(document, place)[place[-1]] = copy


def _merge_into(array: Any, sides: list[Entries], keys: _Keys) -> list[str]:
    base, ours, theirs = sides
    clashes = []
    for key in [*ours, *(each for each in theirs if each not in ours)]:
        try:
            item = _merged_item(base.get(key), ours.get(key), theirs.get(key))
        except Clash:
            clashes.append(key)
            continue
        if key in ours:
            _settle(array, key, item, keys)
        elif item is not None:
            array.insert(_position(key, list(theirs), keys.listed(array)), item)
    return clashes


def _merged_item(base: Any, ours: Any, theirs: Any) -> Any:
    """The item that remains, or nothing; raises Clash when neither side wins."""
    if ours == base:
        return theirs
    if theirs in (base, ours) or ours is None:
        return ours
    if theirs is None:
        return ours
    return stronger(base, ours, theirs)


def _position(key: str, order: list[str], present: list[str]) -> int:
    """After the nearest item before it in the template's order that the list has."""
    for before in reversed(order[: order.index(key)]):
        if before in present:
            return present.index(before) + 1
    return 0


def _settle(array: Any, key: str, item: Any, keys: _Keys) -> None:
    position = keys.listed(array).index(key)
    if item is None:
        del array[position]
    elif array[position] != item:
        array[position] = item


def _places(document: Any) -> Iterator[Place]:
    """Where a project lists requirements."""
    yield ("project", "dependencies")
    for tables in (("project", "optional-dependencies"), ("dependency-groups",)):
        yield from ((*tables, each) for each in _parent(document, (*tables, "")))
    yield ("build-system", "requires")


def _parent(document: Any, place: Place) -> Any:
    for step in place[:-1]:
        document = document.get(step)
        if not isinstance(document, Mapping):
            return {}
    return document


def _list(document: Any, place: Place) -> Any:
    found = _parent(document, place).get(place[-1])
    return found if isinstance(found, Array) else None


def _entries(document: Any, place: Place) -> Entries:
    """The items by name and marker; none where those are not unique."""
    found = _list(document, place)
    keys = [_Keys().key(item) for item in found or ()]
    return _Keys().entries(found) if found and len(set(keys)) == len(keys) else {}
