"""What git gets to merge: two renderings, held back where a file is not the template's."""

from dataclasses import dataclass, replace

from . import trees
from .errors import UserError
from .git import Repository
from .ownership import Owner, Ownership
from .render import ANSWERS_FILE
from .trees import Tree

_PYPROJECT = "pyproject.toml"


@dataclass
class Sides:
    """The service as it was rendered, as it is committed, and as it is rendered now."""

    base: Tree
    ours: Tree
    theirs: Tree
    leave_edited: bool = False
    """Whether the team's own files stay once they were edited."""


def fitted(sides: Sides, repository: Repository) -> Sides:
    """The renderings with the line ends of the team, so that those make no difference."""
    fit = Sides(dict(sides.base), dict(sides.ours), dict(sides.theirs))
    differing = {
        path: ours
        for path, ours in sides.ours.items()
        if (path in sides.base or path in sides.theirs) and not ours.same(sides.base.get(path))
    }
    contents = trees.contents((ours.oid for ours in differing.values()), repository)
    for path, ours in differing.items():
        fit.ours[path] = replace(ours, data=contents[ours.oid])
        if _is_windows(contents[ours.oid]):
            for side in (fit.base, fit.theirs):
                if path in side and side[path].mode != trees.LINK:
                    text = _windows(side[path].data or b"")
                    side[path] = trees.blob(side[path].mode, text, sha256=repository.sha256)
    return fit


def prepare(
    fit: Sides, repository: Repository, ownership: Ownership, *, leave_edited: bool
) -> Sides:
    """What goes to git; with `leave_edited` the team's own files stay once they were edited.

    Raises UserError when a file that is not committed is in the way of a new one.
    """
    ready = Sides(dict(fit.base), dict(fit.ours), dict(fit.theirs), leave_edited)
    ready.base[ANSWERS_FILE] = fit.ours[ANSWERS_FILE]
    _hold(ready, _uncommitted(fit, repository))
    if leave_edited:
        _hold(ready, _edited(fit, ownership))
    _merge_dependencies(ready, sha256=repository.sha256)
    return ready


def _hold(ready: Sides, paths: set[str]) -> None:
    """Give all sides what the team has, so that there is nothing to merge."""
    for path in paths:
        for side in (ready.base, ready.theirs):
            side.pop(path, None)
            if path in ready.ours:
                side[path] = ready.ours[path]


def _uncommitted(sides: Sides, repository: Repository) -> set[str]:
    """Files of the template that lie there outside of git: ignored ones stay as they are."""
    absent = (sides.base.keys() | sides.theirs.keys()) - sides.ours.keys()
    there = {path for path in absent if _lies_in(repository, path)}
    in_the_way = there - sides.base.keys()
    if in_the_way:
        names = "".join(f"{repository.prefix}{path}\0" for path in in_the_way)
        stdin = names.encode(errors="surrogateescape")
        said = repository.git("check-ignore", "-z", "--stdin", stdin=stdin, ok=(0, 1))
        listed = said.decode(errors="surrogateescape").split("\0")
        ignored = {path.removeprefix(repository.prefix) for path in listed}
        if in_the_way - ignored:
            [first, *_] = sorted(in_the_way - ignored)
            message = f"`{first}` is not committed and is in the way of a new file"
            raise UserError(message, hint="commit it, or move it away")
    return there


def _lies_in(repository: Repository, path: str) -> bool:
    place = repository.folder / path
    return place.is_symlink() or place.is_file()


def _edited(sides: Sides, ownership: Ownership) -> set[str]:
    """The team's own files that are no longer as rendered, with those that belong to them."""
    known = sides.base.keys() | sides.ours.keys() | sides.theirs.keys()
    held = set()
    for unit in ownership.units(known):
        if any(
            _differs(path, sides) for path in unit if path in sides.base or path in sides.ours
        ):
            held |= unit
    for path in sides.ours.keys() & sides.theirs.keys() - held:
        if ownership.owner(path) is Owner.YOURS and _differs(path, sides):
            held.add(path)
    return held


def _differs(path: str, sides: Sides) -> bool:
    base, ours = sides.base.get(path), sides.ours.get(path)
    return not base.same(ours) if base else ours is not None


def _merge_dependencies(ready: Sides, *, sha256: bool) -> None:
    """Where both sides changed the file; git merges what is left of it."""
    trio = [side.get(_PYPROJECT) for side in (ready.base, ready.ours, ready.theirs)]
    base, ours, theirs = trio
    if base is None or ours is None or theirs is None or base.oid in {ours.oid, theirs.oid}:
        return
    try:
        texts = [(each.data or b"").decode("utf-8") for each in (base, ours, theirs)]
    except UnicodeDecodeError:
        return
    from . import dependencies  # its TOML library takes long to import

    merged = dependencies.harmonised(dependencies.Sides(*texts))
    for side, text in (
        (ready.base, merged.base), (ready.ours, merged.ours), (ready.theirs, merged.theirs)
    ):  # fmt: skip
        side[_PYPROJECT] = trees.blob(side[_PYPROJECT].mode, text.encode(), sha256=sha256)


def _is_windows(text: bytes) -> bool:
    lines = text.count(b"\n")
    return lines > 0 and text.count(b"\r\n") == lines


def _windows(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
