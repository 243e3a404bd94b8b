"""Answers: checked against the questions, each with where it came from."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .errors import UsageError, UserError, did_you_mean
from .questions import Expressions, Question


class Source(StrEnum):
    """Where an answer came from; an earlier one wins over a later one."""

    FLAG = "flag"
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


def parse_overrides(items: Iterable[str], questions: Mapping[str, Question]) -> dict[str, Any]:
    """Turn `KEY=VALUE` items into checked values; the last one of a key counts."""
    values: dict[str, Any] = {}
    for item in items:
        key, separator, text = item.partition("=")
        if not separator:
            message = f"`--set` takes `KEY=VALUE`, not `{item}`"
            raise UsageError(message, hint=f"write `--set {key or 'ci'}=VALUE`")
        question = _known(key, questions)
        if key == "name":
            message = "the name is given as the argument, not with `--set`"
            raise UsageError(message, hint=f"run `msgen new {text}`")
        values[key] = question.check(question.parse(text))
    return values


def complete(
    questions: Mapping[str, Question], layers: Sequence[Layer], expressions: Expressions
) -> dict[str, Answer]:
    """Answer every question: the first layer that speaks, else the template's default."""
    for layer in layers:
        _check_layer(layer, questions)
    answers: dict[str, Answer] = {}
    for question in questions.values():
        known = {key: answer.value for key, answer in answers.items()}
        answer = _answer(question, layers, known, expressions)
        if answer is not None:
            answers[question.name] = answer
    return answers


def _answer(
    question: Question,
    layers: Sequence[Layer],
    known: Mapping[str, Any],
    expressions: Expressions,
) -> Answer | None:
    if not _asked(question, known, expressions):
        return None if question.required else _default(question, known, expressions)
    layer = next((each for each in layers if question.name in each.values), None)
    if layer is None:
        if question.required:
            message = f"`{question.name}` has no answer and no default"
            raise UsageError(message, hint=f"add `--set {question.name}=VALUE`")
        return _default(question, known, expressions)
    value = layer.values[question.name]
    with _naming(layer):
        validate(question, value, known, expressions)
    return Answer(value, layer.source)


@contextmanager
def _naming(layer: Layer) -> Iterator[None]:
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
        raise UsageError(message, hint=_suggestion(question, str(value)))


def suggest_name(text: str) -> str:
    """The nearest name that follows the rules, or nothing when no letter is left."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text).lower())
    return re.sub(r"^[0-9-]+", "", "-".join(words))[:40].rstrip("-")


def _suggestion(question: Question, value: str) -> str | None:
    better = suggest_name(value) if question.name == "name" else ""
    return f"try `{better}`" if better else None


def _default(question: Question, known: Mapping[str, Any], expressions: Expressions) -> Answer:
    value = question.default
    if isinstance(value, str):
        value = question.parse(expressions.render(value, known))
    return Answer(value, Source.DERIVED if question.derived else Source.DEFAULT)


def _asked(question: Question, known: Mapping[str, Any], expressions: Expressions) -> bool:
    if isinstance(question.when, bool):
        return question.when
    return bool(Question("when", "bool").parse(expressions.render(question.when, known)))


def _check_layer(layer: Layer, questions: Mapping[str, Question]) -> None:
    """Hold a preset's or an organisation's values to the same rules, naming their file."""
    with _naming(layer):
        for key, value in layer.values.items():
            _known(key, questions).check(value)
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
