"""Puts what is known into generated answers, as far as the document allows."""

from typing import Any

from .answers import Answer, Answers

_ROUNDS = 12


def merged(base: dict[str, Any], patch: Any) -> dict[str, Any]:
    """JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return dict(base)
    made = dict(base)
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict):
            held = made.get(key)
            made[key] = merged(held if isinstance(held, dict) else {}, value)
        else:
            made[key] = value
    return made


def overlaid(
    answers: Answers,
    answer: Answer,
    wrapper: str | None,
    changes: dict[str, Any],
    known: dict[str, Any],
) -> dict[str, Any]:
    """Change the resource in an answer, and give it back; what would not fit is left out."""
    if not isinstance(answer.value, dict):
        return changes
    held = answer.value.get(wrapper) if wrapper is not None else answer.value
    base = held if isinstance(held, dict) else {}
    made = {**base, **{key: value for key, value in changes.items() if key in known or not known}}
    for _ in range(_ROUNDS):
        whole = {**answer.value, wrapper: made} if wrapper is not None else made
        wrong = answers.first_problem(answer.schema, whole)
        if wrong is None:
            answer.value = whole
            break
        path = wrong[1:] if wrapper is not None else wrong
        if not _take_back(made, base, path, changes):
            break
    return {**changes, **made}


def _take_back(
    made: dict[str, Any], base: dict[str, Any], path: list[Any], changes: dict[str, Any]
) -> bool:
    """Undo the change that a problem names, or else all of them; False when none is left."""
    named = [path[0]] if path and path[0] in changes else list(changes)
    changed = [key for key in named if key in made and made.get(key) != base.get(key)]
    for key in changed:
        if key in base:
            made[key] = base[key]
        else:
            del made[key]
    return bool(changed)
