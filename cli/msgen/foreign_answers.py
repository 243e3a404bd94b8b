"""Answers to a template that is not ours: worked out by Copier, told where they came from."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .answers import Answer, Layer, Source, naming
from .errors import UsageError, UserError
from .questions import Question
from .releases import Snapshot

_REQUIRED = re.compile(r'Question "(?P<key>.+)" is required')
_INVALID = re.compile(
    r"(?:Validation error for question|Invalid choice for) '(?P<key>[^']+)': (?P<why>.+)",
    re.DOTALL,
)
_RENDERED = {"yaml", "json"}


class UnansweredError(UsageError):
    """A question has neither an answer nor a default."""

    def __init__(self, key: str) -> None:
        """Name the question."""
        message = f"`{key}` has no answer and no default"
        super().__init__(message, hint=f"add `--set {key}=VALUE`")
        self.key = key


def complete(
    questions: Mapping[str, Question], layers: Sequence[Layer], snapshot: Snapshot
) -> dict[str, Answer]:
    """Answer every question: the first layer that speaks, else as Copier works it out."""
    said: dict[str, Layer] = {}
    for layer in layers:
        for key in layer.values:
            said.setdefault(key, layer)
    values, hidden = _worked_out(snapshot, said)
    unasked = hidden & said.keys()
    for key in unasked:
        layer = said.pop(key)
        if layer.source is Source.FLAG:
            message = f"`{key}` is not asked with these answers, so it cannot be set"
            raise UsageError(message, hint=f"leave out `--set {key}=VALUE`")
    if unasked:
        values, hidden = _worked_out(snapshot, said)
    answers = {}
    for key, value in values.items():
        derived = (
            key in hidden or questions[key].derived or _would_change(questions[key], value)
        )
        usual = Source.DERIVED if derived or questions[key].secret else Source.DEFAULT
        answers[key] = Answer(value, said[key].source if key in said else usual)
    return answers


def _worked_out(
    snapshot: Snapshot, said: Mapping[str, Layer]
) -> tuple[dict[str, Any], set[str]]:
    from .foreign_copier import answered

    given = {key: layer.values[key] for key, layer in said.items()}
    try:
        return answered(snapshot, given)
    except (OSError, UserError, MemoryError):
        raise
    except Exception as wrong:
        raise _explained(wrong, said) from wrong


def _explained(wrong: Exception, said: Mapping[str, Layer]) -> UserError:
    from .render import one_line

    text = one_line(wrong)
    required, invalid = _REQUIRED.search(text), _INVALID.search(text)
    if required:
        return UnansweredError(required["key"])
    if invalid and invalid["key"] in said:
        layer = said[invalid["key"]]
        try:
            with naming(layer):
                shown = layer.values[invalid["key"]]
                message = f"`{shown}` is not a {invalid['key']} that works: {invalid['why']}"
                raise UsageError(message)
        except UserError as explained:
            return explained
    message = f"the template's questions could not be worked out: {text}"
    return UserError(message, hint="those who keep the template can mend it")


def _would_change(question: Question, value: object) -> bool:
    """Whether Copier would read it differently when it is given back: text that is YAML."""
    return question.type in _RENDERED and isinstance(value, str)
