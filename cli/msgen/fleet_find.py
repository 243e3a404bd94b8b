"""Finds the services below folders."""

import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import config, releases
from .errors import UsageError, did_you_mean
from .render import ANSWERS_FILE

_PASSED_OVER = {"node_modules", "venv", "__pycache__"}
_NAME = re.compile(rb"^name: *['\"]?([a-z][a-z0-9-]*)", re.MULTILINE)
_SOURCE = re.compile(rb"^_src_path: *(\S+)", re.MULTILINE)
_CHECKSUM = re.compile(rb"^_template_sha256: *([0-9a-f]{64})$", re.MULTILINE)


@dataclass(frozen=True)
class Member:
    """A service of the fleet, as far as a glance at its answers file tells."""

    folder: Path
    name: str
    checksum: str = ""


@dataclass(frozen=True)
class Fleet:
    """What was found."""

    members: tuple[Member, ...]
    foreign: tuple[Path, ...] = ()
    """Folders that another template made; they are none of ours."""


def find(roots: Sequence[Path]) -> Fleet:
    """The services below the folders; raises UsageError when there are none."""
    members, foreign = {}, []
    ours = {releases.SOURCE, config.load().source}
    for root in roots:
        place = root.expanduser().resolve()
        if not place.is_dir():
            message = f"`{root}` is no folder"
            raise UsageError(message, hint="name folders that hold services")
        for folder in _walk(place):
            member = _member(folder, ours)
            if member is None:
                foreign.append(folder)
            else:
                members[folder] = member
    if not members:
        places = ", ".join(f"`{root}`" for root in roots)
        message = f"there is no service in {places} or below"
        raise UsageError(message, hint="name folders that hold services")
    return Fleet(tuple(members[folder] for folder in sorted(members)), tuple(foreign))


def one_of(members: Iterable[Member], wanted: str) -> Member:
    """The service with this name or in this folder; raises UsageError unless it is one."""
    known = list(members)
    place = Path(wanted).expanduser().resolve()
    found = [each for each in known if each.folder == place]
    found = found or [each for each in known if each.name == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        message = f"{len(found)} services are called `{wanted}`"
        raise UsageError(message, hint=f"name its folder, such as `{found[0].folder}`")
    message = f"no service of this fleet is called `{wanted}` or lies there"
    raise UsageError(message, hint=did_you_mean(wanted, [each.name for each in known]))


def _walk(top: Path) -> Iterator[Path]:
    """Folders with an answers file; what is inside of one belongs to it.

    A link to a service counts, other links are not followed: they may lead anywhere.
    """
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        if (folder / ANSWERS_FILE).is_file():
            yield folder.resolve()
            continue
        waiting += sorted(_below(folder), reverse=True)


def _below(folder: Path) -> Iterator[Path]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name in _PASSED_OVER or not _is_folder(entry):
            continue
        if not entry.is_symlink() or Path(entry.path, ANSWERS_FILE).is_file():
            yield Path(entry.path)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _member(folder: Path, ours: Collection[str]) -> Member | None:
    """None for what another template made; what cannot be read will be told to be damaged."""
    try:
        content = (folder / ANSWERS_FILE).read_bytes()
    except OSError:
        content = b""
    name, source, checksum = (each.search(content) for each in (_NAME, _SOURCE, _CHECKSUM))
    if source and not checksum and source[1].decode(errors="replace") not in ours:
        return None
    return Member(
        folder,
        name[1].decode(errors="replace") if name else folder.name,
        checksum[1].decode() if checksum else "",
    )
