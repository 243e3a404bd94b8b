"""Looks into schemas: references followed, `allOf` merged."""

from typing import Any

from .document import BadDocumentError, at

Schema = Any

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_DEEPEST_BRANCH = 5
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


class Shapes:
    """The schemas of one tree."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self.tree = tree

    def flat(self, schema: Schema, *, depth: int = 0) -> dict[str, Any]:
        """One object without `$ref` and `allOf`; `oneOf` and `anyOf` stay."""
        if not isinstance(schema, dict):
            return {} if schema is not False else {"not": {}}
        if depth > 30:
            raise BadDocumentError("a schema refers to itself without end")
        if "$ref" not in schema and "allOf" not in schema:
            return schema
        own = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
        parts = [*schema.get("allOf", ())]
        if "$ref" in schema:
            parts.insert(0, at(self.tree, schema["$ref"], asked_by="a schema").value)
        merged: dict[str, Any] = {}
        for part in parts:
            merged = merge(merged, self.flat(part, depth=depth + 1))
        return merge(merged, own)

    def types(self, schema: Schema, *, depth: int = 0) -> set[str]:
        """The JSON types that a value may have; empty when any."""
        flat = self.flat(schema)
        found = set(listed(flat.get("type")))
        for branch in self._branches(flat, depth):
            found |= self.types(branch, depth=depth + 1)
        return found or set(implied(flat))

    def properties(self, schema: Schema, *, depth: int = 0) -> dict[str, Schema]:
        """The properties that an object may have, by any of its branches."""
        flat = self.flat(schema)
        found: dict[str, Schema] = {}
        for branch in self._branches(flat, depth):
            found |= self.properties(branch, depth=depth + 1)
        return found | (flat.get("properties") or {})

    def _branches(self, flat: dict[str, Any], depth: int) -> list[Schema]:
        if depth > _DEEPEST_BRANCH:
            return []
        return [*flat.get("oneOf", ()), *flat.get("anyOf", ())]

    def items(self, schema: Schema) -> Schema:
        flat = self.flat(schema)
        for branch in (flat, *flat.get("oneOf", ()), *flat.get("anyOf", ())):
            found = self.flat(branch)
            if "items" in found:
                return found["items"]
        return {}


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def implied(schema: dict[str, Any]) -> list[str]:
    """The type that keywords speak of where none is named."""
    if any(key in schema for key in ("properties", "additionalProperties", "required")):
        return ["object"]
    if "items" in schema or "prefixItems" in schema:
        return ["array"]
    if any(key in schema for key in ("pattern", "minLength", "maxLength", "format")):
        return ["string"]
    if any(key in schema for key in ("minimum", "maximum", "multipleOf")):
        return ["number"]
    return []


def merge(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """A schema for what fits both."""
    if not left or not right:
        return left or right
    made = {**left, **right}
    for key in left.keys() & right.keys():
        if key == "properties":
            made[key] = _joined(left[key], right[key])
        elif key == "required":
            made[key] = list(dict.fromkeys([*left[key], *right[key]]))
        elif key == "type":
            made[key] = _common_types(left[key], right[key])
        elif key == "enum":
            made[key] = [item for item in left[key] if item in right[key]] or right[key]
        elif key in _LOWER:
            made[key] = max(left[key], right[key])
        elif key in _UPPER:
            made[key] = min(left[key], right[key])
        elif key in ("oneOf", "anyOf") and left[key] != right[key]:
            made["allOf"] = [*made.get("allOf", ()), {key: left[key]}]
    return made


def _joined(left: dict[str, Schema], right: dict[str, Schema]) -> dict[str, Schema]:
    both = left.keys() & right.keys()
    shared = {
        name: left[name] if left[name] == right[name] else {"allOf": [left[name], right[name]]}
        for name in both
    }
    return {**left, **right, **shared}


def _common_types(left: Any, right: Any) -> list[str]:
    mine, theirs = listed(left), listed(right)
    if "number" in theirs:
        theirs = [*theirs, "integer"]
    if "number" in mine and "integer" in theirs:
        mine = [*mine, "integer"]
    return [kind for kind in mine if kind in theirs] or listed(right)
