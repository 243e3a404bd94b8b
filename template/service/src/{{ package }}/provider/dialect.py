"""Brings the schemas of OpenAPI 3.0 and 3.1 to one dialect: JSON Schema 2020-12."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import jsonschema_rs

_ONE = frozenset({
    "items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames",
    "unevaluatedItems", "unevaluatedProperties",
})  # fmt: skip
_SEVERAL = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_DATA = frozenset({"example", "examples", "value"})
_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})

Missing = Callable[[str, str], None]


class Upgrade:
    """One pass over a document; what cannot be brought over is told to `missing`."""

    def __init__(
        self,
        source: dict[str, Any],
        *,
        old: bool,
        hidden: Literal["readOnly", "writeOnly"],
        missing: Missing,
    ) -> None:
        """`hidden` names the properties that nobody has to send in this direction."""
        self._source, self._old, self._hidden, self._missing = source, old, hidden, missing

    def tree(self) -> dict[str, Any]:
        tree: dict[str, Any] = self._around(self._source, "")
        return tree

    def _around(self, value: Any, place: str) -> Any:
        """Everything that is not a schema itself."""
        if isinstance(value, list):
            return [self._around(item, f"{place}/{index}") for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        return {key: self._member(key, item, _under(place, key)) for key, item in value.items()}

    def _member(self, key: str, value: Any, place: str) -> Any:
        if key in _DATA or key.startswith("x-"):
            return value
        if key == "schema" and isinstance(value, dict):
            return self._schema(value, place)
        if place == "/components/schemas" and isinstance(value, dict):
            return {name: self._schema(item, _under(place, name)) for name, item in value.items()}
        return self._around(value, place)

    def _schema(self, schema: Any, place: str) -> Any:
        if not isinstance(schema, dict):
            return schema
        if self._old and "$ref" in schema and self._hidden == "readOnly":
            return {"$ref": schema["$ref"]}  # answers fit what stands beside it as well
        made = {key: self._keyword(key, value, _under(place, key)) for key, value in schema.items()}
        self._repair(made, place)
        _modernise(made, old=self._old, lenient=self._hidden == "readOnly")
        if isinstance(made.get("required"), list):
            properties = schema.get("properties") or {}
            made["required"] = [
                name for name in made["required"] if not self._is_hidden(properties.get(name))
            ]
        return made

    def _keyword(self, key: str, value: Any, place: str) -> Any:
        if key in _ONE:
            return self._schema(value, place)
        if key in _SEVERAL and isinstance(value, list):
            return [self._schema(item, f"{place}/{index}") for index, item in enumerate(value)]
        if key in _NAMED and isinstance(value, dict):
            return {name: self._schema(item, _under(place, name)) for name, item in value.items()}
        return value

    def _repair(self, made: dict[str, Any], place: str) -> None:
        """Leave out what no validator could compile, and say so."""
        if isinstance(made.get("required"), bool):
            del made["required"]
        pattern = made.get("pattern")
        if isinstance(pattern, str) and not compiles(pattern):
            del made["pattern"]
            self._missing(f"{place}/pattern", f"the pattern `{pattern}` is not understood")
        kinds = made.get("type")
        if isinstance(kinds, str) and kinds not in _TYPES:
            del made["type"]
            self._missing(f"{place}/type", f"`{kinds}` is no type")
        if isinstance(made.get("items"), list):
            made["prefixItems"] = made.pop("items")

    def _is_hidden(self, schema: Any, depth: int = 0) -> bool:
        if not isinstance(schema, dict) or depth > 5:
            return False
        if schema.get(self._hidden) is True:
            return True
        target = schema.get("$ref")
        return isinstance(target, str) and self._is_hidden(self._named(target), depth + 1)

    def _named(self, reference: str) -> Any:
        name = reference.removeprefix("#/components/schemas/")
        return ((self._source.get("components") or {}).get("schemas") or {}).get(name)


def _modernise(schema: dict[str, Any], *, old: bool, lenient: bool) -> None:
    """What 3.0 says in its own words; bounds are often left so in documents of 3.1.

    What comes in is read as it was probably meant, what goes out as it is written.
    """
    mark = schema.get("discriminator")
    if isinstance(mark, dict) and "oneOf" in schema and "anyOf" not in schema:
        if lenient:
            schema["anyOf"] = schema.pop("oneOf")  # the mark says which; branches may overlap
        else:
            schema["required"] = [*schema.get("required", ()), mark.get("propertyName")]
    if old and schema.pop("nullable", False):
        kinds = schema.get("type")
        if isinstance(kinds, str):
            schema["type"] = [kinds, "null"]
        if lenient and isinstance(schema.get("enum"), list) and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        said = schema.get(exclusive)
        if isinstance(said, bool):
            del schema[exclusive]
            if said and bound in schema:
                schema[exclusive] = schema.pop(bound)


@lru_cache(maxsize=4096)
def compiles(pattern: str) -> bool:
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True


def _under(place: str, key: str) -> str:
    return f"{place}/{key.replace('~', '~0').replace('/', '~1')}"
