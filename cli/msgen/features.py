"""What is meant by the features and answers that `msgen add`, `remove` and `set` are given."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import questions
from .answers import parse_overrides
from .errors import UsageError, did_you_mean
from .ownership import OFF
from .questions import Question

Questions = Mapping[str, Question]


def known_to(place: Path) -> Questions:
    """The questions of the template that a service records."""
    from . import record

    return questions.load(record.load(place).snapshot())


def turned_on(features: list[str], known: Questions) -> dict[str, Any]:
    """The answers with; one that comes in kinds is asked for as `broker=nats`."""
    found: dict[str, Any] = {}
    for item in features:
        name, given, _ = item.partition("=")
        question = _feature(name, known)
        if given:
            found |= parse_overrides([item], known, command="msgen add")
        else:
            found[name] = _on(question)
    return found


def turned_off(features: list[str], known: Questions) -> dict[str, Any]:
    """The answers without."""
    return {name: _off(_feature(name, known)) for name in features}


def said(items: list[str], known: Questions) -> dict[str, Any]:
    """The answers of `KEY=VALUE` items; unlike at birth, the name is one of them."""
    return parse_overrides(items, known, command="msgen set")


def _feature(name: str, known: Questions) -> Question:
    features = [each for each, question in known.items() if _is_feature(question)]
    if name not in features:
        message = f"no feature named `{name}`"
        if name in known and not known[name].derived:
            raise UsageError(message, hint=f"it is an answer: `msgen set {name}=VALUE`")
        raise UsageError(message, hint=did_you_mean(name, features))
    return known[name]


def _is_feature(question: Question) -> bool:
    if question.derived:
        return False
    return question.type == "bool" or OFF in question.choices.values()


def _on(question: Question) -> Any:
    if question.type == "bool":
        return True
    kinds = [value for value in question.choices.values() if value != OFF]
    if len(kinds) > 1:
        message = f"`{question.name}` comes in several kinds"
        hints = ", ".join(f"`msgen add {question.name}={kind}`" for kind in kinds)
        raise UsageError(message, hint=f"choose one: {hints}")
    return kinds[0]


def _off(question: Question) -> Any:
    return False if question.type == "bool" else OFF
