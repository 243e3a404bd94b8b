"""One requirement with three versions: which one remains, or none of them."""

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

_FLOORS = {">=", "~=", ">"}


class Clash(Exception):  # noqa: N818
    """Two requirements of which neither wins."""


def parsed(item: object) -> Requirement | None:
    """The requirement, if it is one."""
    try:
        return Requirement(item) if isinstance(item, str) else None
    except InvalidRequirement:
        return None


def name_of(item: object) -> str | None:
    """What it is about, in the one way to write it."""
    requirement = parsed(item)
    return canonicalize_name(requirement.name) if requirement else None


def stronger(base: object, ours: object, theirs: object) -> str:
    """The requirement with the higher lower bound; extras and markers merge three-way.

    Raises Clash when neither side wins.
    """
    before, mine, new = parsed(base), parsed(ours), parsed(theirs)
    if mine is None or new is None or mine.url or new.url:
        raise Clash
    winner, loser = (mine, new) if _floor(mine) >= _floor(new) else (new, mine)
    if _limits(loser) - _limits(winner):
        raise Clash
    extras, marker = _extras(before, mine, new), _marker(before, mine, new)
    if (extras, marker) == (winner.extras, winner.marker):
        return str(ours if winner is mine else theirs)
    winner.extras, winner.marker = extras, marker
    said = str(winner)
    return said if "'" in said else said.replace('"', "'")


def _floor(requirement: Requirement) -> Version:
    """The lowest version that fits, as far as one can say."""
    floors = [
        Version(each.version.removesuffix(".*"))
        for each in requirement.specifier
        if each.operator in {*_FLOORS, "=="}
    ]
    return max(floors, default=Version("0"))


def _limits(requirement: Requirement) -> set[str]:
    """What is said besides lower bounds."""
    return {str(each) for each in requirement.specifier if each.operator not in _FLOORS}


def _extras(before: Requirement | None, mine: Requirement, new: Requirement) -> set[str]:
    known = before.extras if before else set()
    return (mine.extras & new.extras) | ((mine.extras ^ new.extras) - known)


def _marker(before: Requirement | None, mine: Requirement, new: Requirement) -> Marker | None:
    known = before.marker if before else None
    if new.marker in (mine.marker, known):
        return mine.marker
    if mine.marker == known:
        return new.marker
    raise Clash
