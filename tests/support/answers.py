"""The values of each option that are tried against those of every other."""

import os
import random
from typing import Any

import yaml

from .pairwise import Pair, covering, pairs
from .rendering import ROOT
from .template import questions

HOSTILE = """Keeps "tea" & 'biscuits': 100 % \\o/ {braces} <tags> # ☕"""
"""A sentence as people write them; every character is special somewhere."""

_RANDOM = 60
EVENT_SLICES = {"catalogue", "imports", "ledger", "stock"}
"""Those that live by events, with a broker or without."""

STORING_SLICES = {"checkout", "orders", "screens", *EVENT_SLICES}
"""Those that come with a database; of the kinds of screens all but one."""
_KINDS = "screens"
_TEXTS = {
    "description": ["Takes orders and keeps track of them.", HOSTILE],
    "code_owners": ["", "@acme/platform @jo"],
    "copyright_holder": ["The team", 'Jo O\'Neill & "Partners" GmbH'],
    "base_image": ["python:3.13-slim-trixie", "registry.example.org:5000/base/python:3.11"],
    "package_index": ["", "https://packages.example.org/simple/"],
}


def values() -> dict[str, list[Any]]:
    """Every option with the values that it is tried with."""
    return {
        name: _values(name, about)
        for name, about in questions().items()
        if about.get("when", True) is True and name != "name"
    }


def rows() -> list[dict[str, Any]]:
    """Sets of answers in which every two values meet; random ones more where a seed says so."""
    found = covering(_with_kinds(), _forbidden_kinds()) + [
        _at_random(each) for each in _seeds()
    ]
    return [_unfolded(row) for row in found]


def slice_of(preset: str) -> str:
    """The sample that a preset brings."""
    text = (ROOT / f"presets/{preset}.yml").read_text(encoding="utf-8")
    return str(yaml.safe_load(text)["answers"]["slice"])


def forbidden() -> set[Pair]:
    """Values that do not go together, which the template's own validators say."""
    return _without_database("slice", set(values()["slice"]) - STORING_SLICES)


def _without_database(question: str, stateless: set[str]) -> set[Pair]:
    """No table of flags and no outbox where there is no database."""
    brokers = set(values()["broker"]) - {"none"}
    wanting = [("feature_flags", True), *(("broker", each) for each in brokers)]
    return {frozenset({(question, each), wish}) for each in stateless for wish in wanting}


def _with_kinds() -> dict[str, list[Any]]:
    """A slice that comes in kinds counts as several: each meets every other value."""
    found = values()
    found["slice"] = [each for each in found["slice"] if each != _KINDS] + _kinds()
    return found


def _kinds() -> list[str]:
    return [f"{_KINDS}:{kind}" for kind in questions()["client_kind"]["choices"].values()]


def _forbidden_kinds() -> set[Pair]:
    return forbidden() | _without_database("slice", {f"{_KINDS}:mobile"})


def _unfolded(row: dict[str, Any]) -> dict[str, Any]:
    slice_, _, kind = row["slice"].partition(":")
    return {**row, "slice": slice_, **({"client_kind": kind} if kind else {})}


def _seeds() -> list[str]:
    seed = os.environ.get("MSGEN_SOAK")
    return [f"{seed}-{number}" for number in range(_RANDOM)] if seed else []


def _at_random(seed: str) -> dict[str, Any]:
    chance = random.Random(seed)
    while True:
        row = {name: chance.choice(found) for name, found in _with_kinds().items()}
        if not pairs(row) & _forbidden_kinds():
            return row


def _values(name: str, about: dict[str, Any]) -> list[Any]:
    if about["type"] == "bool":
        return [True, False]
    if "choices" in about:
        return list(about["choices"].values())
    return _TEXTS[name]
