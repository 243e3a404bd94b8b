"""Finds the release and the answers of a service that has lost its answers file."""

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version

from . import __version__, git, record, recovery_known, recovery_probe, releases
from .change import recorded_state
from .errors import UserError
from .record import Record
from .recovery_answers import DEFAULT, Guess
from .recovery_fit import Candidate, Team, ranked
from .recovery_known import CHECKSUM, Known
from .recovery_template import NAME, Template
from .releases import Snapshot
from .render import ANSWERS_FILE

_ENOUGH = 0.5
"""The share of sealed files that must be there, edited or not, or nothing is guessed."""
_BELIEVED = 0.9
"""The share from which on what was recorded is believed without a further look."""


@dataclass(frozen=True)
class Finding:
    """The release and answers that fit best, with what speaks for them."""

    folder: Path
    candidates: list[Candidate]
    answers: dict[str, Any]
    evidence: dict[str, str]
    known: Known

    @property
    def best(self) -> Candidate:
        """The release that fits best."""
        return self.candidates[0]

    @property
    def content(self) -> bytes:
        """The answers file, as the release writes it."""
        return self.best.tree[ANSWERS_FILE].data or b""


def healthy(folder: Path) -> Record | None:
    """The record where it is whole and agrees with its template.

    Raises UserError when it takes a newer msgen to tell.
    """
    found = readable(folder)
    if found is None:
        return None
    content = (folder / ANSWERS_FILE).read_bytes()
    if found.is_foreign:  # or ours, from another URL and cut off before its checksum
        return found if CHECKSUM in _told(content) else None
    if Version(found.version) > Version(__version__):
        found.snapshot()  # says so
    try:
        rendered = recorded_state(found).render()[ANSWERS_FILE].data or b""
    except UserError:
        return None
    return found if _agree(content, rendered) else None


def readable(folder: Path) -> Record | None:
    """The record where it can be read at all."""
    with suppress(FileNotFoundError, UserError):
        return record.parse((folder / ANSWERS_FILE).read_bytes(), folder)
    return None


def find(folder: Path) -> Finding:
    """Compare every release with what lies there; raises UserError when none fits."""
    known, team = recovery_known.gather(folder), Team(folder)
    templates = [Template(each) for each in _versions(known)]
    rough = {each.snapshot: Guess(each, team, known) for each in templates}
    best = _roughly(rough, team)
    refined: set[Snapshot] = set()
    while best.snapshot not in refined:
        _check(best, folder)
        guess = rough[best.snapshot]
        guess.settle()
        recovery_probe.search(guess)
        refined.add(best.snapshot)
        for snapshot, other in rough.items():
            if snapshot not in refined:
                other.follow(guess)
        candidates = _ranked(rough, team)
        best = candidates[0]
    guess = rough[best.snapshot]
    found = guess.values()
    evidence = {key: guess.evidence.get(key, DEFAULT) for key in found}
    if alike := guess.alike():
        evidence[NAME] += f"; {', '.join(alike)} would fit as well"
    return Finding(folder, candidates, found, evidence, known)


def write(finding: Finding) -> Path | None:
    """Put the answers file in place; says where a damaged one went that git does not have."""
    file = finding.folder / ANSWERS_FILE
    kept = _keep(file) if file.is_file() else None
    fresh = file.with_name(f"{ANSWERS_FILE}.{os.getpid()}.new")
    try:
        fresh.write_bytes(finding.content)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    return kept


def _versions(known: Known) -> list[Snapshot]:
    """The recorded templates, then the releases, the newest first; no content twice."""
    own = [releases.asked_for(str(each.version)) for each in reversed(releases.released())]
    if all(each.checksum != releases.current().checksum for each in own):
        own.append(releases.current())
    unique = {each.checksum: each for each in reversed([*known.snapshots, *own])}
    return [replace(each, source=known.source) for each in reversed(unique.values())]


def _ranked(guesses: dict[Snapshot, Guess], team: Team) -> list[Candidate]:
    return ranked(Candidate(each, guess.tree, team) for each, guess in guesses.items())


def _roughly(guesses: dict[Snapshot, Guess], team: Team) -> Candidate:
    """The best before any answer is looked for; what was recorded may be of another service."""
    best = _ranked(guesses, team)[0]
    if best.share >= _BELIEVED:
        return best
    for guess in guesses.values():
        guess.doubt()
    return _ranked(guesses, team)[0]


def _check(best: Candidate, folder: Path) -> None:
    if best.share < _ENOUGH:
        there = round(best.share * len(best.sealed))
        message = (
            f"no release fits `{folder}`: the best, {best.snapshot.version}, finds "
            f"{there} of the {len(best.sealed)} files that stay the template's"
        )
        hint = (
            "go to the top folder of a service that msgen made, or get the file from a backup"
        )
        raise UserError(message, hint=hint)


def _keep(file: Path) -> Path | None:
    content = file.read_bytes()
    with suppress(UserError):
        if git.run("show", f"HEAD:./{file.name}", cwd=file.parent) == content:
            return None
    names = [
        f"{file.name}.damaged",
        *(f"{file.name}.damaged{number}" for number in range(2, 100)),
    ]
    place = next(each for name in names if not (each := file.with_name(name)).exists())
    place.write_bytes(content)
    return place


def _agree(content: bytes, rendered: bytes) -> bool:
    """Whether two answers files say the same; plain Copier knows no checksum."""
    told, expected = _told(content), _told(rendered)
    if told.get(CHECKSUM) == "unreleased":
        told[CHECKSUM] = expected.get(CHECKSUM)
    return told == expected


def _told(content: bytes) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(content)
    return told
