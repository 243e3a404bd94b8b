"""Answers: checked against the questions, each with where it came from."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal

from .errors import UsageError, UserError, did_you_mean
from .questions import Expressions, Question

_FALSE = {"", "n", "no", "f", "false", "off", "0", "null", "none", "~"}
"""What Copier takes for a no in a condition."""


Command = Literal["--set", "msgen new --set", "msgen set", "msgen add"]


class Source(StrEnum):
    """Where an answer came from; an earlier one wins over a later one."""

    FLAG = "flag"
    RECORDED = "recorded"
    PROMPT = "prompt"
    PRESET = "preset"
    ORGANISATION = "organisation"
    DEFAULT = "default"
    DERIVED = "derived"


@dataclass(frozen=True)
class Answer:
    """A value and its source."""

    value: Any
    source: Source


@dataclass(frozen=True)
class Layer:
    """What one source says and would ask; `where` names it in messages."""

    source: Source
    values: Mapping[str, Any]
    where: str = ""
    asks: Sequence[str] = ()


def parse_overrides(
    items: Iterable[str], questions: Mapping[str, Question], *, command: Command = "--set"
) -> dict[str, Any]:
    """Turn `KEY=VALUE` items into checked values; the last one of a key counts.

    `command` is how the items were given; only `msgen set` may rename a service.
    """
    values: dict[str, Any] = {}
    for item in items:
        key, separator, text = item.partition("=")
        if not separator:
            said = command.removeprefix("msgen new ")
            message = f"`{said}` takes `KEY=VALUE`, not `{item}`"
            raise UsageError(message, hint=f"write `{said} {key or 'ci'}=VALUE`")
        question = _known(key, questions)
        _check_moment(question, text, command)
        values[key] = question.check(question.parse(text))
    return values


def _check_moment(question: Question, text: str, command: Command) -> None:
    """Refuse what is said elsewhere, or at another time."""
    if question.name == "name" and command == "msgen new --set":
        message = "the name is given as the argument, not with `--set`"
        raise UsageError(message, hint=f"run `msgen new {text}`")
    if question.name == "name" and command == "--set":
        message = "an update does not rename a service"
        raise UsageError(message, hint=f"run `msgen set name={text}`")
    if question.intake and command != "msgen new --set":
        message = f"`{question.name}` is taken once, when the service is made"
        raise UsageError(message, hint="replace the file in `src/`; the README says how")


def complete(
    questions: Mapping[str, Question], layers: Sequence[Layer], expressions: Expressions
) -> dict[str, Answer]:
    """Answer every question: the first layer that speaks, else the template's default."""
    overruled: set[str] = set()
    for layer in layers:
        _check_layer(layer, questions, overruled)
        overruled |= layer.values.keys()
    if expressions.snapshot.is_foreign:
        from . import foreign_answers

        return foreign_answers.complete(questions, layers, expressions.snapshot)
    answers: dict[str, Answer] = {}
    for question in questions.values():
        known = {key: answer.value for key, answer in answers.items()}
        answer = _answer(question, layers, known, expressions)
        if answer is not None:
            answers[question.name] = answer
    expressions.keep()
    return answers


def _answer(
    question: Question,
    layers: Sequence[Layer],
    known: Mapping[str, Any],
    expressions: Expressions,
) -> Answer | None:
    layer = next((each for each in layers if question.name in each.values), None)
    said = {question.name: layer.values[question.name]} if layer else {}
    if not _asked(question, {**known, **said}, expressions):
        if layer is not None and layer.source is Source.FLAG:
            message = f"`{question.name}` is not asked with these other answers"
            raise UsageError(message, hint=f"leave `{question.name}` out")
        if question.required or question.intake:
            return None
        # Copier works it out too, and records nothing.
        return replace(_default(question, known, expressions), source=Source.DERIVED)
    if layer is None:
        if question.required:
            message = f"`{question.name}` has no answer and no default"
            raise UsageError(message, hint=f"add `--set {question.name}=VALUE`")
        return _default(question, known, expressions)
    value = layer.values[question.name]
    with naming(layer):
        validate(question, value, known, expressions)
    return Answer(value, layer.source)


@contextmanager
def naming(layer: Layer) -> Iterator[None]:
    """Name the file of a faulty preset or configuration, which no flag has caused."""
    try:
        yield
    except UsageError as wrong:
        if not layer.where:
            raise
        message = f"{layer.where}: {wrong}"
        raise UserError(message, hint=wrong.hint) from wrong


def validate(
    question: Question, value: object, known: Mapping[str, Any], expressions: Expressions
) -> None:
    """Put a value through the question's own validator."""
    context = {**known, question.name: value}
    complaint = expressions.render(question.validator, context).strip()
    if complaint:
        message = f"`{value}` is not a {question.name} that works: {complaint}"
        better = suggest_name(str(value)) if question.name == "name" else ""
        raise UsageError(message, hint=f"try `{better}`" if better else None)


def suggest_name(text: str) -> str:
    """The nearest name that follows the rules, or nothing when no letter is left."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text).lower())
    return re.sub(r"^[0-9-]+", "", "-".join(words))[:40].rstrip("-")


def _default(question: Question, known: Mapping[str, Any], expressions: Expressions) -> Answer:
    value = question.default
    if isinstance(value, str):
        value = question.parse(expressions.render(value, known))
    return Answer(value, Source.DERIVED if question.derived else Source.DEFAULT)


def _asked(question: Question, known: Mapping[str, Any], expressions: Expressions) -> bool:
    if isinstance(question.when, bool):
        return question.when
    return expressions.render(question.when, known).strip().lower() not in _FALSE


def _check_layer(
    layer: Layer, questions: Mapping[str, Question], overruled: Collection[str]
) -> None:
    """Hold a preset's or an organisation's values to the same rules, naming their file.

    What was recorded may have become wrong, as long as something else is said now.
    """
    with naming(layer):
        for key, value in layer.values.items():
            if layer.source is not Source.RECORDED:
                _known(key, questions).check(value)
            elif key not in overruled:  # bookkeeping included
                questions[key].check(value)
        for key in layer.asks:
            _known(key, questions)


def _known(key: str, questions: Mapping[str, Question]) -> Question:
    if key not in questions:
        message = f"no option named `{key}`"
        options = [each.name for each in questions.values() if not each.derived]
        raise UsageError(message, hint=did_you_mean(key, options))
    if questions[key].derived:
        message = f"`{key}` follows from other answers and cannot be set"
        raise UsageError(message, hint="`msgen new NAME --dry-run --explain` shows how")
    return questions[key]
