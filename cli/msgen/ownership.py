"""Who owns which file of a service, by the table that is released with the template."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property
from typing import Any

import yaml
from pathspec import GitIgnoreSpec

from .releases import Snapshot

TABLE = "template/ownership.yml"
OFF = "none"


class Owner(StrEnum):
    """What an update does with a file."""

    DERIVED = "derived"
    SEALED = "sealed"
    SHARED = "shared"
    YOURS = "yours"


class Ownership:
    """The table of one template; where a template has none, every file is shared."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Read the table, if there is one."""
        file = snapshot.root / TABLE
        text = file.read_text(encoding="utf-8") if file.is_file() else "shared: ['*']"
        self._table: dict[str, Any] = yaml.safe_load(text)
        self._known: dict[str, Owner] = {}

    def owner(self, path: str) -> Owner:
        """The first group that fits decides; what no group names is the team's."""
        if path not in self._known:
            fitting = (owner for owner, rules in self._rules if rules.match_file(path))
            self._known[path] = next(fitting, Owner.YOURS)
        return self._known[path]

    @cached_property
    def with_tables(self) -> tuple[str, ...]:
        """The features that bring database tables."""
        return tuple(self._table.get("tables") or ())

    def has_tables(self, feature: str, answers: Mapping[str, Any]) -> bool:
        """Whether a service with these answers has the tables of a feature.

        Other answers may bring the same tables: `broker: {slice: [stock]}`.
        """
        table = self._table.get("tables") or {}
        others = (table[feature] or {}) if isinstance(table, dict) else {}
        return answers.get(feature, False) not in (False, OFF) or any(
            answers.get(question) in values for question, values in others.items()
        )

    def units(self, paths: Iterable[str]) -> list[set[str]]:
        """The paths that updates take or leave together, a set a unit."""
        known = set(paths)
        return [
            set(GitIgnoreSpec.from_lines(rules).match_files(known))
            for rules in self._table.get("together") or ()
        ]

    @cached_property
    def _rules(self) -> list[tuple[Owner, GitIgnoreSpec]]:
        return [
            (owner, GitIgnoreSpec.from_lines(self._table.get(owner) or ())) for owner in Owner
        ]
