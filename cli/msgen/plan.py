"""What is going to be made: the command line, presets and defaults brought together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from . import answers, config, intake, presets, questions, releases
from .answers import Answer, Layer, Source
from .errors import UsageError
from .presets import Preset
from .questions import INTAKE, Expressions, Question
from .releases import NO_TERMS, Terms

OURS = "msgen"
"""What one says for our template where the configuration names another."""


@dataclass(frozen=True)
class Wish:
    """What was said so far: on the command line, then at the prompts."""

    name: str | None
    preset: str | None
    overrides: Sequence[str] = ()
    output: Path | None = None
    prompted: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Everything that has to be known before a service is written."""

    preset: Preset
    answers: dict[str, Answer]
    target: Path
    snapshot: releases.Snapshot
    secrets: frozenset[str] = frozenset()
    """Answers that nobody may see."""

    @property
    def name(self) -> str:
        """The service's name, or that of its folder where the template asks for none."""
        named = self.answers.get("name")
        return str(named.value) if named else self.target.name

    @property
    def given(self) -> dict[str, Any]:
        """The answers that Copier is given; the derived ones it works out itself."""
        return {
            key: answer.value
            for key, answer in self.answers.items()
            if answer.source is not Source.DERIVED
            and (key != INTAKE or self.snapshot.is_foreign)
        }

    @property
    def intake(self) -> Path | None:
        """A document of this machine that becomes the service's own."""
        said = self.answers.get(INTAKE)
        if said is None or not said.value or self.snapshot.is_foreign:
            return None
        return Path(str(said.value)).expanduser()


class Planner:
    """Reads template, presets and configuration once, and makes plans from wishes."""

    def __init__(
        self, template: str | None = None, *, terms: Terms = NO_TERMS, offline: bool = False
    ) -> None:
        """Name another template than the usual one; `offline` takes what was fetched before."""
        self._template = template
        self._terms = terms
        self._offline = offline

    @cached_property
    def snapshot(self) -> releases.Snapshot:
        """The template; one that wants more than to write files has to be trusted."""
        text, base = self._template, Path.cwd()
        if text is None:
            text, base = self.config.template, self.config.path.parent
        if text in {"", OURS}:
            return replace(releases.current(), source=self.config.source or releases.SOURCE)
        from . import foreign, foreign_trust

        found = foreign.asked_for(text, self._terms, base=base, offline=self._offline)
        if not self._offline:
            foreign_trust.check(found)
        return found

    @cached_property
    def config(self) -> config.Config:
        """The organisation's defaults."""
        return config.load()

    @cached_property
    def questions(self) -> dict[str, Question]:
        """The template's questions."""
        return questions.load(self.snapshot)

    @cached_property
    def expressions(self) -> Expressions:
        """The template's own expressions."""
        return Expressions(self.snapshot)

    @cached_property
    def presets(self) -> dict[str, Preset]:
        """All presets by name."""
        return presets.available(self.snapshot, self.config)

    def preset(self, name: str | None) -> Preset:
        """The preset of this name, or the usual one."""
        return presets.load(name, self.snapshot, self.config)

    def check_name(self, name: str) -> None:
        """Refuse a name that breaks the rules, with a better one."""
        if self.snapshot.is_foreign:
            return  # Copier asks the template, once there are answers
        answers.validate(self.questions["name"], name, {}, self.expressions)

    def check_answer(self, question: Question, text: str) -> None:
        """Refuse text that is no answer to a question."""
        value = question.check(question.parse(text))
        if not self.snapshot.is_foreign:
            answers.validate(question, value, {}, self.expressions)

    def plan_example(self) -> Plan:
        """A plan that shows whether presets and configuration hold together."""
        return self.plan(Wish("example", None))

    def plan(self, wish: Wish) -> Plan:
        """Answer every question; a flag wins over a prompt, a prompt over the preset."""
        if wish.name is None:
            message = "the service has no name"
            raise UsageError(message, hint="run `msgen new my-service`")
        self.check_name(wish.name)
        preset = self.preset(wish.preset)
        flags = answers.parse_overrides(
            wish.overrides, self.questions, command="msgen new --set"
        )
        prompted = {key: value for key, value in wish.prompted.items() if key not in flags}
        takes_name = "name" in self.questions and not self.questions["name"].derived
        name = {"name": wish.name} if takes_name and "name" not in prompted else {}
        layers = [
            Layer(Source.FLAG, {**flags, **name}),
            Layer(Source.PROMPT, prompted),
            Layer(Source.PRESET, preset.answers, f"`{preset.path}`", preset.asks),
            Layer(Source.ORGANISATION, self._defaults, f"`{self.config.path}`"),
        ]
        target = target_of(wish)
        snapshot = self._about(target)
        complete = answers.complete(self.questions, layers, Expressions(snapshot))
        plan = Plan(preset, complete, target, snapshot, self._secrets)
        intake.check(plan.intake)
        return plan

    @property
    def _secrets(self) -> frozenset[str]:
        return frozenset(key for key, each in self.questions.items() if each.secret)

    @property
    def _defaults(self) -> dict[str, Any]:
        """An organisation's answers; those to questions of another template are left out."""
        said = self.config.answers
        if not self.snapshot.is_foreign:
            return said
        return {key: value for key, value in said.items() if key in self.questions}

    def _about(self, target: Path) -> releases.Snapshot:
        """The template, told for which folder it is rendered."""
        if not self.snapshot.is_foreign:
            return self.snapshot
        return replace(self.snapshot, terms=replace(self.snapshot.terms, service=target))


def target_of(wish: Wish) -> Path:
    """Where the service will lie; links are followed, so that the real folder is replaced."""
    return (wish.output or Path(str(wish.name))).expanduser().resolve()
