"""Which answers make a template's rendering fit what a team has.

Of the questions only one is known by its name: what the service is called.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

from .errors import UserError
from .recovery_fit import Team
from .recovery_known import Clue, Known
from .recovery_template import NAME, Template, names
from .trees import Tree

DEFAULT = "default"
FITS = "tree fits"
_BETTER = 1e-6
_ROUNDS = 3


class Guess:
    """Answers to one template's questions, each with what speaks for it."""

    def __init__(self, template: Template, team: Team, known: Known) -> None:
        """Begin with what is known, and with the likeliest name."""
        self.template, self.team = template, team
        self.evidence: dict[str, str] = {}
        self.certain: set[str] = set()
        self._names = names(template, team, known)
        self.said: dict[str, Any] = {NAME: next(iter(self._names))}
        self.evidence[NAME] = self._names[self.said[NAME]]
        self._others: dict[str, list[Clue]] = {}
        found = {key: known.fitting(each) for key, each in template.questions.items()}
        told = template.acceptable(
            {key: each[0].value for key, each in found.items() if each}, self.said
        )
        for key in told:
            self._take(key, found[key])

    @property
    def tree(self) -> Tree:
        """What these answers give."""
        return self.template.render(self.said)

    def follow(self, other: "Guess") -> None:
        """Take over what was found with another version of the template."""
        found = {key: other.said[key] for key in other.evidence if key in other.said}
        self.said |= self.template.acceptable(found, self.said)
        self.evidence |= {key: other.evidence[key] for key in found if key in self.said}

    def alike(self) -> list[str]:
        """Other names that fit no worse than the present one, unless it is certain."""
        if NAME in self.certain:
            return []
        trees = {name: self.template.render({**self.said, NAME: name}) for name in self._names}
        fits = (
            name for name, tree in trees.items() if self.team.gain(tree, self.tree) < _BETTER
        )
        return [f"`{name}`" for name in fits if name != self.said[NAME]]

    def doubt(self) -> None:
        """Let the tree decide about everything, first of all about the name."""
        self.certain.clear()
        self._settle(NAME)

    def settle(self) -> None:
        """Try what the questions with few values can be, until nothing fits better."""
        for _ in range(_ROUNDS):
            changed = [key for key in self._finite if self._settle(key)]
            if not changed:
                break

    def try_values(self, key: str, found: Mapping[Any, str]) -> bool:
        """Take the first of the values that fits best, if it fits better than the present."""
        best, best_tree = None, self.tree
        for value in found:
            with suppress(UserError):
                tree = self.template.render({**self.said, key: value})
                if self.team.gain(best_tree, tree) > _BETTER:
                    best, best_tree = value, tree
        if best is None:
            return False
        self.said[key] = best
        self.evidence[key] = found[best]
        return True

    def values(self) -> dict[str, Any]:
        """What the answers file will hold."""
        return self.template.given(self.said)

    def others(self, key: str) -> dict[Any, str]:
        """Values that were found in damaged files, besides the present one."""
        return {each.value: each.evidence for each in self._others.get(key, ())}

    def _settle(self, key: str) -> bool:
        options = self._options(key)
        present = self.values().get(key)
        others = {value: why for value, why in options.items() if value != present}
        if self.try_values(key, others):
            return True
        if key not in self.evidence and self._shows(key, others):
            self.evidence[key] = options.get(present, FITS)
        return False

    def _shows(self, key: str, others: Mapping[Any, str]) -> bool:
        """Whether another value would have fitted worse."""
        for value in others:
            with suppress(UserError):
                tree = self.template.render({**self.said, key: value})
                if self.team.gain(tree, self.tree) > _BETTER:
                    return True
        return False

    @cached_property
    def _finite(self) -> list[str]:
        """The name first, because so much depends on it."""
        return [key for key in self.template.questions if len(self._options(key)) > 1]

    def _options(self, key: str) -> dict[Any, str]:
        question = self.template.questions[key]
        if key in self.certain or question.derived:
            return {}
        if key == NAME:
            return dict(self._names)
        values = (True, False) if question.type == "bool" else question.choices.values()
        return dict.fromkeys(values, FITS)

    def _take(self, key: str, found: list[Clue]) -> None:
        first, *others = found
        self.said[key] = first.value
        self.evidence[key] = first.evidence
        self._others[key] = others
        if first.certain:
            self.certain.add(key)
