"""Reads `routes.yml`; tells every mistake at once, with its line and what to do about it."""

import os
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from .document import Document, RoutePart, UpstreamPart
from .mistakes import Place, mistakes

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class RoutesError(Exception):
    """One sentence for each mistake."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


def read(path: Path, *, prefix: str) -> Document:
    """`${NAME}` in an address is the variable `PREFIXNAME`. Raises RoutesError."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RoutesError([f"{path} cannot be read: {type(error).__name__}"]) from None
    own = {key.removeprefix(prefix): value for key, value in os.environ.items() if prefix in key}
    return parse(text, name=path.name, variables=own)


def parse(text: str, *, name: str, variables: Mapping[str, str]) -> Document:
    """Raises RoutesError."""
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise RoutesError([_unreadable(error, name)]) from None
    found = [*_repeated(tree)]
    document, wrong = _checked(content, variables)
    found += [(_line(tree, place), f"{_spelled(place)} {why}") for place, why in wrong]
    if found or document is None:
        raise RoutesError([f"{name}:{line}: {why}" for line, why in sorted(found)])
    return document


def _unreadable(error: Exception, name: str) -> str:
    mark = getattr(error, "problem_mark", None)
    why = getattr(error, "problem", None) or "a value that YAML does not know"
    return f"{name}:{mark.line + 1 if mark else 1}: this is no YAML: {why}"


def _repeated(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """PyYAML lets the last of several equal keys win, in silence."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line + 1, f"`{key.value}` stands here twice: keep one"
            seen.add(key.value if isinstance(key.value, Hashable) else "")
            yield from _repeated(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated(value)


def _checked(
    content: Any, variables: Mapping[str, str]
) -> tuple[Document | None, list[tuple[Place, str]]]:
    if not isinstance(content, dict):
        return None, [((), "begins with `upstreams:` and `routes:`")]
    known = Document.model_fields.keys()
    wrong: list[tuple[Place, str]] = [
        ((key,), _unknown(str(key), known)) for key in content if key not in known
    ]
    upstreams: dict[str, UpstreamPart] = {}
    routes: dict[int, RoutePart] = {}
    for key, value in _items(content, "upstreams", dict, wrong):
        wrong += _part(("upstreams", key), _filled(value, variables), UpstreamPart, upstreams)
    for key, value in _items(content, "routes", list, wrong):
        wrong += _part(("routes", key), value, RoutePart, routes)
    names = set(content.get("upstreams") or ())
    wrong += mistakes(routes, names=names, doubtful=[place for place, _ in wrong])
    if wrong:
        return None, wrong
    return Document(upstreams=upstreams, routes=tuple(routes.values())), []


def _items(
    content: dict[str, Any], key: str, kind: type[Any], wrong: list[tuple[Place, str]]
) -> list[tuple[Any, Any]]:
    value: Any = content.get(key)
    if not isinstance(value, kind) or not value:
        word = "a name and an address for each" if kind is dict else "a list"
        wrong.append(((key,), f"is missing or empty: write {word}"))
        return []
    return list(value.items()) if isinstance(value, dict) else list(enumerate(value))


def _part(
    place: Place, value: Any, model: type[BaseModel], into: dict[Any, Any]
) -> Iterator[tuple[Place, str]]:
    try:
        into[place[-1]] = model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        for item in found:
            yield (*place, *item["loc"]), _told(item, model)
        if isinstance(value, dict):  # the rest of it may have more to tell
            wrong = {item["loc"][0] for item in found}
            rest = {key: each for key, each in value.items() if key not in wrong}
            with suppress(ValidationError):
                into[place[-1]] = model.model_validate(rest)


def _told(item: Any, model: type[BaseModel]) -> str:
    if item["type"] == "extra_forbidden" and len(item["loc"]) == 1:
        return _unknown(str(item["loc"][-1]), model.model_fields)
    if item["type"] == "extra_forbidden":
        return "is not known here: remove it"
    if item["type"] == "missing":
        return "is missing: add it"
    message = item["msg"].removeprefix("Value error, ")
    return f"is not usable: {message[:1].lower()}{message[1:]}"


def _unknown(key: str, known: Any) -> str:
    near = get_close_matches(key, list(known), n=1)
    return f"is not known here: {f'did you mean `{near[0]}`?' if near else 'remove it'}"


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    """Puts variables into the address; one that is not there leaves nothing, and that is none."""
    if not isinstance(value, dict) or not isinstance(value.get("address"), str):
        return value
    given = _VARIABLE.sub(lambda it: variables.get(it[1]) or it[2] or "", value["address"])
    return {**value, "address": given}


def _line(node: yaml.Node | None, place: Place) -> int:
    """The line of what `place` names, or of the nearest thing around it that is there."""
    line = node.start_mark.line + 1 if node else 1
    for step in place:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == str(step)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _spelled(place: Place) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return f"`{text.lstrip('.')}`" if text else "the file"
