"""What a service records of its template: version, checksum, source, answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from packaging.version import InvalidVersion, Version

from . import config, releases
from .errors import UserError
from .questions import EJECTED, RETIRED
from .releases import NO_TERMS, Terms
from .render import ANSWERS_FILE

_CHECKSUM = "_template_sha256"


@dataclass(frozen=True)
class Record:
    """The answers file of a service, read."""

    folder: Path
    source: str
    commit: str
    checksum: str | None
    answers: dict[str, Any]
    terms: Terms = NO_TERMS
    """On which a template that is not ours is rendered."""

    @property
    def is_foreign(self) -> bool:
        """Whether it was made from a template that is not ours.

        Ours has its checksum in the file, or comes from a URL that is known as ours.
        """
        ours = {releases.SOURCE, config.load().source}
        return self.checksum is None and self.source not in ours

    @property
    def name(self) -> str:
        """The service's name, or that of its folder."""
        return str(self.answers.get("name", self.folder.name))

    @property
    def version(self) -> str:
        """The version of the template, without the `v` of the tag."""
        return self.commit.removeprefix("v")

    @property
    def ejected(self) -> dict[str, str]:
        """The template's version at which each of these files became the team's."""
        items = (str(each).rpartition("@") for each in self._listed(EJECTED))
        return {path: version for path, _, version in items}

    @property
    def retired(self) -> list[str]:
        """Features that were removed after they had tables."""
        return self._listed(RETIRED)

    def _listed(self, key: str) -> list[str]:
        """Another template may mean something else by the name."""
        found = self.answers.get(key)
        return found if isinstance(found, list) else []

    def snapshot(self) -> releases.Snapshot:
        """The template that the service was made from; raises UserError if it is not here."""
        if self.is_foreign:
            from . import foreign, foreign_trust

            terms = replace(self.terms, service=self.folder, updating=True)
            snapshot = foreign.recorded(self.source, self.commit, terms)
            foreign_trust.check(snapshot)
            return snapshot
        found = releases.recorded(self.version, self.checksum)
        return replace(found, source=self.source)


def find(start: Path) -> Path:
    """The service's folder: this one, or the nearest above it that has an answers file."""
    start = start.expanduser().resolve()
    if not start.exists():
        message = f"`{start}` does not exist"
        raise UserError(message, hint="name the folder of a service")
    for folder in (start, *start.parents):
        if (folder / ANSWERS_FILE).is_file():
            return folder
    message = f"`{start}` is no service of msgen: there is no `{ANSWERS_FILE}` in it or above"
    hint = "go to the folder of a service, or run `msgen recover` in one that lost the file"
    raise UserError(message, hint=hint)


def load(start: Path) -> Record:
    """Read the record of the service around a path; raises UserError when it is damaged."""
    folder = find(start)
    return parse((folder / ANSWERS_FILE).read_bytes(), folder)


def parse(content: bytes, folder: Path) -> Record:
    """Read an answers file's content."""
    data = _data(content, folder)
    if not isinstance(data, Mapping):
        raise _damaged(folder, "it holds no answers")
    for key in ("_commit", "_src_path"):
        if not isinstance(data.get(key), str):
            raise _damaged(folder, f"`{key}` is missing")
    checksum = str(data.get(_CHECKSUM, ""))
    answers = {key: value for key, value in data.items() if not str(key).startswith("_")}
    found = Record(
        folder,
        data["_src_path"],
        data["_commit"],
        checksum if re.fullmatch("[0-9a-f]{64}", checksum) else None,
        answers,
    )
    if not found.is_foreign and not isinstance(data.get("name"), str):
        raise _damaged(folder, "`name` is missing")
    if not found.is_foreign and not _is_version(found.commit):
        raise _damaged(folder, f"`{found.commit}` is no version")
    return found


def _data(content: bytes, folder: Path) -> Any:
    try:
        return yaml.safe_load(content.decode("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as wrong:
        where = getattr(wrong, "problem_mark", None)
        line = f" at line {where.line + 1}" if where else ""
        raise _damaged(folder, f"it is not valid YAML{line}") from wrong


def with_source(content: bytes, source: str) -> bytes:
    """The same answers file with another URL of the template."""
    line = yaml.safe_dump({"_src_path": source}, width=1000).encode()
    old = rb"^_src_path:.*(?:\n|\Z)(?: .*(?:\n|\Z))*"
    return re.sub(old, lambda _: line, content, flags=re.MULTILINE)


def _is_version(commit: str) -> bool:
    try:
        Version(commit.removeprefix("v"))
    except InvalidVersion:
        return False
    return True


def _damaged(folder: Path, why: str) -> UserError:
    message = f"`{folder / ANSWERS_FILE}` is damaged: {why}"
    return UserError(message, hint="`msgen recover` finds what it held and writes it again")
