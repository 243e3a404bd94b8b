"""What is going to be made: the command line, presets and defaults brought together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from . import answers, config, presets, questions, releases
from .answers import Answer, Layer, Source
from .errors import UsageError
from .presets import Preset
from .questions import Expressions, Question


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

    @property
    def name(self) -> str:
        """The service's name."""
        return str(self.answers["name"].value)

    @property
    def given(self) -> dict[str, Any]:
        """The answers that Copier is given; the derived ones it works out itself."""
        return {
            key: answer.value
            for key, answer in self.answers.items()
            if answer.source is not Source.DERIVED
        }


class Planner:
    """Reads template, presets and configuration once, and makes plans from wishes."""

    @cached_property
    def snapshot(self) -> releases.Snapshot:
        """The template."""
        return releases.current()

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
        return presets.load(name or presets.DEFAULT, self.snapshot, self.config)

    def check_name(self, name: str) -> None:
        """Refuse a name that breaks the rules, with a better one."""
        answers.validate(self.questions["name"], name, {}, self.expressions)

    def check_answer(self, question: Question, text: str) -> None:
        """Refuse text that is no answer to a question."""
        value = question.check(question.parse(text))
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
        flags = answers.parse_overrides(wish.overrides, self.questions)
        prompted = {key: value for key, value in wish.prompted.items() if key not in flags}
        name = {} if "name" in prompted else {"name": wish.name}
        layers = [
            Layer(Source.FLAG, {**flags, **name}),
            Layer(Source.PROMPT, prompted),
            Layer(Source.PRESET, preset.answers, f"`{preset.path}`", preset.asks),
            Layer(Source.ORGANISATION, self.config.answers, f"`{self.config.path}`"),
        ]
        complete = answers.complete(self.questions, layers, self.expressions)
        return Plan(preset, complete, target_of(wish), self.snapshot)


def target_of(wish: Wish) -> Path:
    """Where the service will lie; links are followed, so that the real folder is replaced."""
    return (wish.output or Path(str(wish.name))).expanduser().resolve()
