"""What goes wrong, told in the document's own error shape, or else as problem details."""

from typing import Any

import orjson

from ..chassis import problems
from .answers import Answer, Answers
from .document import BadDocumentError
from .inputs import is_json
from .operations import Operation

_MESSAGES = ("message", "detail", "error_description", "description", "title", "reason", "error")
_ALSO = {400: (422,), 415: (400, 422), 401: (403,), 409: (422, 400), 404: ()}


class Refusals:
    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def make(
        self,
        operation: Operation,
        status: int,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
    ) -> Answer:
        """With a status that the document has for this, where it has one."""
        told = f"{detail}: {errors[0]['at']} {errors[0]['problem']}" if errors else detail
        known = operation.responses()
        listed = [each for each in (status, *_ALSO.get(status, ())) if str(each) in known]
        chosen = listed[0] if listed else status
        try:
            answer = self._answers.make(operation, status=chosen, variant=told)
        except BadDocumentError:
            return plain(status, detail, errors=errors)
        if answer.media is None or answer.schema is None or not is_json(answer.media):
            return plain(chosen, detail, errors=errors)
        if answer.media == problems.MEDIA_TYPE and isinstance(answer.value, dict):
            own = plain(chosen, detail, errors=errors)
            if self._answers.fits(answer.schema, own.value):
                return own
        answer.value = self._with_message(answer, told)
        return answer

    def _with_message(self, answer: Answer, told: str) -> Any:
        for candidate in _candidates(answer.value, told, answer.status):
            if self._answers.fits(answer.schema, candidate):
                return candidate
        return answer.value


def plain(status: int, detail: str, *, errors: list[dict[str, str]] | None = None) -> Answer:
    body = problems.render(status, detail=detail, errors=errors or None)
    return Answer(status, problems.MEDIA_TYPE, orjson.loads(body))


def _candidates(value: Any, told: str, status: int) -> list[Any]:
    """The error with our words in it: as many of its fields as possible first."""
    if isinstance(value, list) and value:
        return [[inner, *value[1:]] for inner in _candidates(value[0], told, status)]
    if not isinstance(value, dict):
        return []
    found = []
    for name in ("error", "errors"):
        if isinstance(value.get(name), dict | list):
            inner = _candidates(value[name], told, status)
            found += [{**value, name: each} for each in inner]
    numbers = {key: status for key in ("status", "code") if isinstance(value.get(key), int)}
    for name in _MESSAGES:
        if isinstance(value.get(name), str):
            found += [{**value, name: told, **numbers}, {**value, name: told}]
    return found
