"""Compiled validators, made when they are first wanted."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from .document import BadDocumentError, Node

_MOST = 20
_UNUSABLE = (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError)


class Validators:
    """Of one tree. Schemas are named by their pointers, so that references resolve."""

    def __init__(self, root: Node, *, formats: bool) -> None:
        self._uri = f"urn:document:{id(root.value)}"
        self._registry = jsonschema_rs.Registry([(self._uri, root.value)])
        self._formats = formats
        self._made: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def of(self, schema: Node) -> jsonschema_rs.Draft202012Validator:
        """Raises BadDocumentError where a schema cannot be compiled."""
        if schema.pointer not in self._made:
            try:
                self._made[schema.pointer] = jsonschema_rs.Draft202012Validator(
                    {"$ref": f"{self._uri}#{schema.reference}"},
                    registry=self._registry,
                    validate_formats=self._formats,
                    offline=True,
                )
            except _UNUSABLE as error:
                told = str(error).splitlines()[0]
                raise BadDocumentError(f"`{schema.pointer}`: {told}") from None
        return self._made[schema.pointer]

    def fits(self, schema: Node, value: Any) -> bool:
        return self.of(schema).is_valid(value)

    def overlaps(self, schema: Node, value: Any) -> bool:
        """Whether all that is wrong is that more than one branch of a `oneOf` fits."""
        errors = self.of(schema).iter_errors(value)
        return all(
            error.kind.name == "oneOf" and " more than one " in error.message for error in errors
        )

    def problems(self, schema: Node, value: Any) -> Iterator[tuple[list[str | int], str]]:
        """Where, and why; never with the value, which may be a secret."""
        for count, error in enumerate(self.of(schema).iter_errors(value)):
            if count >= _MOST:
                return
            yield list(error.instance_path), _told(error)


def _told(error: jsonschema_rs.ValidationError) -> str:
    kind = error.kind.name
    if kind == "required":
        return f"`{error.kind.as_dict().get('property')}` is missing"
    if kind == "additionalProperties":
        return "holds a field that is not known"
    told = error.kind.as_dict()
    rules = {name: value for name, value in told.items() if name in _RULES}
    return f"breaks the rule `{kind}`" + (f": {_listed(rules)}" if rules else "")


def _listed(rules: dict[str, Any]) -> str:
    return ", ".join(str(value) for value in rules.values())[:200]


_RULES = frozenset({
    "limit", "options", "types", "pattern", "format", "multiple_of", "property", "expected_value",
})  # fmt: skip
