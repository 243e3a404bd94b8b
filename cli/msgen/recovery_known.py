"""What is still known of a lost answers file: from git, and from what is left of it."""

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from packaging.version import InvalidVersion, Version

from . import config, git, record, releases
from .errors import UserError
from .questions import Question
from .record import Record
from .releases import Snapshot
from .render import ANSWERS_FILE

_COMMITS = 30
CHECKSUM = "_template_sha256"
_VERSION, _SOURCE = "_commit", "_src_path"
_ENTRY = re.compile(r"([A-Za-z_]\w*):(?:\s|$)")
_MARK = re.compile(r"(<{7}|\|{7}|={7}|>{7})(?: |$)")


@dataclass(frozen=True)
class Clue:
    """One value of an answers file, and where it was found."""

    value: Any
    evidence: str
    certain: bool = True
    """Whether it needs no look at the tree, once the tree as a whole agrees."""


@dataclass
class Known:
    """Everything found, by key; the most trustworthy first."""

    clues: dict[str, list[Clue]] = field(default_factory=dict)

    def add(self, key: str, clue: Clue) -> None:
        """One more value; the first of equal ones counts."""
        found = self.clues.setdefault(key, [])
        if all(each.value != clue.value for each in found):
            found.append(clue)

    def fitting(self, question: Question) -> list[Clue]:
        """The values that this question takes; certain only where there is one alone."""
        found = [each for each in self.clues.get(question.name, ()) if _fits(question, each)]
        if len(found) > 1:
            return [replace(each, certain=False) for each in found]
        return found

    @property
    def source(self) -> str:
        """The template's URL."""
        found = (each.value for each in self.clues.get(_SOURCE, ()))
        usual = config.load().source or releases.SOURCE
        return next((each for each in found if isinstance(each, str)), usual)

    @property
    def recorded(self) -> str | None:
        """The version that was recorded, for people."""
        found = self.clues.get(_VERSION)
        return str(found[0].value).removeprefix("v") if found else None

    @property
    def snapshots(self) -> list[Snapshot]:
        """The recorded templates, as far as they are here."""
        found, released = [], {each.version for each in releases.released()}
        sums: list[str | None] = [str(each.value) for each in self.clues.get(CHECKSUM, ())]
        for clue in self.clues.get(_VERSION, ()):
            for checksum in sums or [None]:
                with suppress(UserError, InvalidVersion):
                    version = Version(str(clue.value))
                    if version.is_devrelease or version in released:
                        found.append(releases.recorded(str(version), checksum))
        return found


def gather(folder: Path) -> Known:
    """Look into the index, the commits and the damaged file, in this order."""
    known = Known()
    earlier = next(committed(folder), None)
    if earlier:
        found, where = earlier
        for key, value in _entries(found):
            known.add(key, Clue(value, where))
    file = folder / ANSWERS_FILE
    if file.is_file():
        for key, clue in salvaged(file.read_bytes()):
            known.add(key, clue)
    return known


def committed(folder: Path) -> Iterator[tuple[Record, str]]:
    """The versions of the answers file that git has and that can be read, the newest first."""
    try:
        words = ("log", f"--max-count={_COMMITS}", "--format=%H", "--", ANSWERS_FILE)
        commits = git.run(*words, cwd=folder).decode().split()
    except UserError:  # no repository, no commit, no git
        return
    for commit in ("", *commits):
        with suppress(UserError):
            content = git.run("show", f"{commit}:./{ANSWERS_FILE}", cwd=folder)
            where = f"commit {commit[:7]}" if commit else "git's index"
            yield record.parse(content, folder), where


def salvaged(content: bytes) -> Iterator[tuple[str, Clue]]:
    """The entries that can still be read, whatever lies between them."""
    blocks = list(_blocks(_text(content)))
    for number, (key, lines) in enumerate(blocks):
        whole = _value(key, lines)
        value = _value(key, lines[:1]) if whole is None else whole
        last = number == len(blocks) - 1  # it may be cut off
        if value is not None and "\ufffd" not in str(value):
            yield key, Clue(value, "salvaged", certain=whole is not None and not last)


def _entries(found: Record) -> Iterator[tuple[str, Any]]:
    yield from {_VERSION: found.commit, _SOURCE: found.source, **found.answers}.items()
    if found.checksum:
        yield CHECKSUM, found.checksum


def _text(content: bytes) -> str:
    """As UTF-8, or as the UTF-16 that some shells and editors make of it."""
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n")


def _blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each key with its lines; of a conflict, both sides but not what was before."""
    block: tuple[str, list[str]] | None = None
    before = False
    for line in text.split("\n"):
        mark, entry = _MARK.match(line), _ENTRY.match(line)
        if mark or entry:
            if block:
                yield block
            block = None
        if mark:
            before = mark[1].startswith("|")
        elif entry and not before:
            block = (entry[1], [line])
        elif block:
            block[1].append(line)
    if block:
        yield block


def _value(key: str, lines: list[str]) -> Any:
    with suppress(yaml.YAMLError):
        read = yaml.safe_load("\n".join(lines))
        if isinstance(read, dict) and read.keys() == {key}:
            return read[key]
    return None


def _fits(question: Question, clue: Clue) -> bool:
    with suppress(UserError):
        question.check(clue.value)
        return not question.derived or isinstance(clue.value, list)
    return False
