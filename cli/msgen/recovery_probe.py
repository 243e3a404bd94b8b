"""Finds free texts: a rendering with a probe in their place shows where the team has them."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import yaml

from .questions import Question
from .recovery_answers import Guess
from .recovery_fit import Team
from .recovery_template import NAME

_FORMS = (
    "msgenprobe{0:02}x",
    "https://msgenprobe{0:02}x.example.org/simple/",
    "@msgenprobe{0:02}x/team",
    "msgenprobe{0:02}x@example.org",
    "97.{0:02}.1",
    "97{0:02}",
)
"""Values that one validator or the other lets pass; none of them is in a template."""

_TELLING = 4
"""Characters beside the probe from which on a line needs no neighbours to be recognised."""
_TRIED = 4


@dataclass(frozen=True)
class Found:
    """A line of the team's that has something where the rendering has the probe."""

    raw: str
    where: str
    weight: float


def search(guess: Guess) -> bool:
    """Look for every free text; says whether an answer changed."""
    probes = _probes(guess)
    if not probes:
        return False
    tree = guess.template.render({**guess.said, **probes})
    texts = {
        path: (blob.data or b"").decode("utf-8", errors="replace").split("\n")
        for path, blob in sorted(tree.items())
        if guess.team.content(path) is not None
    }
    changed = [
        key for key in probes if _settle(key, guess, _hits(key, probes, texts, guess.team))
    ]
    return bool(changed)


def _probes(guess: Guess) -> dict[str, Any]:
    """A value that stands nowhere else, for each question that takes free text."""
    probes: dict[str, Any] = {}
    for number, (key, question) in enumerate(guess.template.questions.items()):
        free = question.type in {"str", "int", "float"} and not question.choices
        if not free or question.derived or key == NAME or key in guess.certain:
            continue
        for form in _FORMS:
            with suppress(Exception):
                value = question.parse(form.format(number))
                if guess.template.accepts(key, value, {**guess.said, **probes}):
                    probes[key] = value
                    break
    return probes


def _settle(key: str, guess: Guess, hits: list[Found]) -> bool:
    question = guess.template.questions[key]
    present = guess.values().get(key)
    votes: dict[Any, float] = {}
    where: dict[Any, str] = {}
    for hit in hits:
        for value in _readings(hit.raw, question):
            votes[value] = votes.get(value, 0) + hit.weight
            where.setdefault(value, f"found in {hit.where}")
    likeliest = sorted(votes, key=lambda value: -votes[value])[:_TRIED]
    others = {**guess.others(key), **{value: where[value] for value in likeliest}}
    others.pop(present, None)
    if guess.try_values(key, others):
        return True
    if present in where:
        guess.evidence.setdefault(key, where[present])
    return False


def _hits(
    key: str, probes: Mapping[str, Any], texts: Mapping[str, list[str]], team: Team
) -> list[Found]:
    """The team's lines that look like a rendered one with the probe in it."""
    probe, found = str(probes[key]), []
    for path, rendered in texts.items():
        ours = team.lines(path)
        known = {line for line in rendered if probe not in line}
        for at, line in enumerate(rendered):
            if probe in line:
                pattern, fixed = _pattern(line, probe, probes)
                found += [
                    Found(raw, f"{path}:{number + 1}", min(fixed, 8) / 8 + company)
                    for number, raw in _matching(pattern, ours, known)
                    if (company := _company(rendered, at, ours, number)) or fixed >= _TELLING
                ]
    return found


def _pattern(line: str, probe: str, probes: Mapping[str, Any]) -> tuple[re.Pattern[str], int]:
    """The line as an expression, and how many characters of it are fixed."""
    parts = re.split("|".join(re.escape(str(each)) for each in probes.values()), line)
    kinds = re.findall("|".join(re.escape(str(each)) for each in probes.values()), line)
    text, open_yet = re.escape(parts[0]), True
    for kind, part in zip(kinds, parts[1:], strict=True):
        own = kind == probe
        text += ("(?P<raw>.*)" if open_yet else "(?P=raw)") if own else ".*?"
        text += re.escape(part)
        open_yet = open_yet and not own
    return re.compile(text), len(re.sub(r"\s", "", "".join(parts)))


def _matching(
    pattern: re.Pattern[str], ours: list[str], known: set[str]
) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(ours):
        match = None if line in known else pattern.fullmatch(line)
        if match:
            yield number, match["raw"]


def _company(rendered: list[str], at: int, ours: list[str], number: int) -> int:
    """How many of the neighbouring lines are the same: none, one or both."""
    return sum(
        _neighbour(rendered, at, step) == _neighbour(ours, number, step) for step in (-1, 1)
    )


def _neighbour(lines: list[str], at: int, step: int) -> str | None:
    """The nearest line that is not blank; nothing at the end of the file."""
    at += step
    while 0 <= at < len(lines):
        if lines[at].strip():
            return lines[at]
        at += step
    return None


def _readings(raw: str, question: Question) -> list[Any]:
    """What a text in a file can stand for: itself, or what it is as JSON, TOML or YAML."""
    readings = [raw]
    with suppress(ValueError):
        readings.append(json.loads(f'"{raw}"'))
    with suppress(yaml.YAMLError):
        readings += [
            yaml.safe_load(each) for each in (raw, f"'{raw}'") if "'" in each or '"' in each
        ]
    values = []
    for text in readings:
        if isinstance(text, str):
            with suppress(Exception):
                values.append(question.parse(text))
    return list(dict.fromkeys(values))
