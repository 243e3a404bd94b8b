"""Parameters and forms as OpenAPI writes them: text on the wire, values in the document."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from .parameters import Parameter
from .shapes import Schema, Shapes

_INTEGER = re.compile(r"-?\d{1,400}")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_KEYS = re.compile(r"\[([^\[\]]*)\]")
_SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}

Pairs = list[tuple[str, str]]


def typed(text: Any, schema: Schema, shapes: Shapes) -> Any:
    """Text as the type that the schema speaks of; text stays text where nothing fits."""
    if isinstance(text, list):
        return [typed(item, shapes.items(schema), shapes) for item in text]
    if isinstance(text, dict):
        return _typed_object(text, schema, shapes)
    kinds = shapes.types(schema)
    if not isinstance(text, str) or not kinds:
        return text
    if "integer" in kinds and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in kinds and _NUMBER.fullmatch(text):
        return float(text) if not _INTEGER.fullmatch(text) else int(text)
    if "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    if "null" in kinds and text in ("null", "") and "string" not in kinds:
        return None
    return [typed(text, shapes.items(schema), shapes)] if kinds == {"array"} else text


def _typed_object(value: dict[str, Any], schema: Schema, shapes: Shapes) -> Any:
    if shapes.types(schema) == {"array"} and all(key.isdigit() or not key for key in value):
        return typed(list(value.values()), schema, shapes)
    known = shapes.properties(schema)
    rest = shapes.flat(schema).get("additionalProperties", {})
    return {key: typed(item, known.get(key, rest), shapes) for key, item in value.items()}


def from_pairs(parameter: Parameter, pairs: Pairs, shapes: Shapes) -> Any:
    """The value of a query or cookie parameter; None if it is not there."""
    schema = parameter.schema.value if parameter.schema else {}
    kinds = shapes.types(schema)
    if parameter.style == "deepObject":
        return nested([pair for pair in pairs if pair[0].startswith(f"{parameter.name}[")]).get(
            parameter.name
        )
    if "object" in kinds and parameter.explode and parameter.style == "form":
        known = shapes.properties(schema)
        found = {key: value for key, value in pairs if key in known}
        return found or _last(pairs, parameter.name)
    values = [value for key, value in pairs if key in (parameter.name, f"{parameter.name}[]")]
    if not values:
        return None
    if "array" in kinds and (parameter.explode or len(values) > 1):
        return values
    separator = _SEPARATORS.get(parameter.style, ",")
    return _split(values[-1], kinds, separator, explode=False)


def from_text(parameter: Parameter, text: str, shapes: Shapes) -> Any:
    """The value of a path or header parameter."""
    kinds = shapes.types(parameter.schema.value if parameter.schema else {})
    separator = ","
    if parameter.style == "label":
        text, separator = text.removeprefix("."), "." if parameter.explode else ","
    elif parameter.style == "matrix":
        text, separator = _without_name(text, parameter), ";" if parameter.explode else ","
    return _split(text, kinds, separator, explode=parameter.explode)


def _without_name(text: str, parameter: Parameter) -> str:
    text = text.removeprefix(";")
    if not parameter.explode:
        return text.removeprefix(f"{parameter.name}=")
    return ";".join(part.removeprefix(f"{parameter.name}=") for part in text.split(";"))


def _split(text: str, kinds: set[str], separator: str, *, explode: bool) -> Any:
    if "array" in kinds and "string" not in kinds:
        return text.split(separator) if text else []
    if "object" in kinds and "string" not in kinds:
        parts = text.split(separator)
        if explode:
            return dict(part.partition("=")[::2] for part in parts)
        return dict(zip(parts[::2], parts[1::2], strict=False))
    return text


def _last(pairs: Pairs, name: str) -> str | None:
    return next((value for key, value in reversed(pairs) if key == name), None)


def nested(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """`a[b][c]=1` and `a[]=1`, as forms of many providers have them."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        first, _, _ = name.partition("[")
        _put(made, [first, *_KEYS.findall(name[len(first) :])], value)
    return made


def _put(into: dict[str, Any], keys: list[str], value: Any) -> None:
    *path, last = keys
    if last == "" and path:
        *path, last = path
        for key in path:
            into = _inner(into, key)
        held = into.setdefault(last, [])
        if isinstance(held, list):
            held.append(value)
        return
    for key in path:
        into = _inner(into, key)
    if last in into and path == []:
        held = into[last]
        into[last] = [*held, value] if isinstance(held, list) else [held, value]
    else:
        into[last] = value


def _inner(into: dict[str, Any], key: str) -> dict[str, Any]:
    held = into.setdefault(key, {})
    if not isinstance(held, dict):
        held = into[key] = {}
    return held


def cookies(header: str) -> Pairs:
    pairs = (part.strip().partition("=") for part in header.split(";") if "=" in part)
    return [(name, unquote(value)) for name, _, value in pairs]


def written(value: Any, *, explode: bool = False) -> str:
    """A value in a header, in the style `simple`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(written(item) for item in value)
    if isinstance(value, Mapping):
        joint = "=" if explode else ","
        return ",".join(f"{key}{joint}{written(item)}" for key, item in value.items())
    return "" if value is None else str(value)
