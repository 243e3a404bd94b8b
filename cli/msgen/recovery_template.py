"""One version of the template as recovery needs it: answers completed, renderings kept."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from . import answers
from .answers import Layer, Source
from .change import State
from .errors import UserError
from .questions import Expressions, load
from .recovery_fit import Team
from .recovery_known import Known
from .releases import Snapshot
from .trees import Tree

NAME = "name"


class _Compiled(Expressions):
    """The same, for expressions that are asked for a hundred times."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot)
        self._known: dict[str, Any] = {}

    def render(self, text: str, context: Mapping[str, Any]) -> str:
        if "{" not in text:
            return text
        if text not in self._known:
            self._known[text] = self._environment.from_string(text)
        return str(self._known[text].render(context))


class Template:
    """One version of the template: its questions, and renderings of it, each made once."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Read the questions; render nothing yet."""
        self.snapshot = snapshot
        self.questions = load(snapshot)
        self._expressions = _Compiled(snapshot)
        self._given: dict[str, dict[str, Any]] = {}
        self._trees: dict[str, Tree] = {}

    def complete(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Every answer, as `msgen new` works them out, the derived ones too."""
        layer = Layer(Source.RECORDED, said)
        found = answers.complete(self.questions, [layer], self._expressions)
        return {key: each.value for key, each in found.items()}

    def given(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """The answers that a service records."""
        known = repr(said)
        if known not in self._given:
            self._given[known] = {
                key: value
                for key, value in self.complete(said).items()
                if key in said or not self.questions[key].derived
            }
        return self._given[known]

    def render(self, said: Mapping[str, Any]) -> Tree:
        """The tree that these answers give; raises UserError for answers that do not work."""
        given = self.given(said)
        key = repr(given)
        if key not in self._trees:
            self._trees[key] = State(self.snapshot, given).render()
        return self._trees[key]

    def acceptable(self, values: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the values that this template takes, beside what is said."""
        asked = {key: value for key, value in values.items() if key in self.questions}
        with suppress(UserError):
            self.complete({**said, **asked})
            return asked
        return {key: value for key, value in asked.items() if self.accepts(key, value, said)}

    def accepts(self, key: str, value: object, said: Mapping[str, Any]) -> bool:
        """Whether a value passes the question's own rules, beside the other answers."""
        try:
            self.complete({**said, key: value})
        except UserError:
            return False
        return True


def names(template: Template, team: Team, known: Known) -> dict[str, str]:
    """What the service may be called, the likeliest first; raises UserError for no idea."""
    found = {
        clue.value: clue.evidence
        for clue in known.fitting(template.questions[NAME])
        if template.accepts(NAME, clue.value, {})
    }
    for stem, evidence in _stems(team):
        words = stem.split("-")
        shortest_first = ["-".join(words[:count]) for count in range(1, len(words) + 1)]
        own = team.folder.name
        for name in sorted(shortest_first, key=lambda each: each != own):
            if _gives(template, name, stem):
                found.setdefault(name, evidence)
    if not found:
        message = f"nothing in `{team.folder}` says how the service is called"
        raise UserError(message, hint="go to the top folder of a service that msgen made")
    return found


def _stems(team: Team) -> Iterator[tuple[str, str]]:
    """How the team's project and packages are called."""
    for number, line in enumerate(team.lines("pyproject.toml"), 1):
        if said := re.match(r"""name\s*=\s*["']([^"']+)""", line):
            yield answers.suggest_name(said[1]), f"pyproject.toml:{number}"
    for package in sorted((team.folder / "src").glob("*/__init__.py")):
        yield answers.suggest_name(package.parent.name), f"src/{package.parent.name}"


def _gives(template: Template, name: str, stem: str) -> bool:
    """Whether the names that the template derives from this one are those of the team."""
    try:
        derived = template.complete({NAME: name})
    except UserError:
        return False
    return any(answers.suggest_name(str(value)) == stem for value in derived.values())
