"""Data that fits a schema: the same for the same seed."""

from dataclasses import dataclass
from random import Random
from typing import Any

from . import figures, texts
from .document import BadDocumentError
from .shapes import Schema, Shapes, implied, listed, merge

_DEEPEST_OPTIONAL = 4
_DEEPEST = 24


@dataclass
class Generator:
    """`lean`: only what is required. `examples`: take those that the schemas bring."""

    shapes: Shapes
    random: Random
    lean: bool = False
    examples: bool = True
    hidden: str = "writeOnly"

    def make(self, schema: Schema, *, depth: int = 0) -> Any:
        """Raises BadDocumentError if the schema asks for itself without end."""
        if depth > _DEEPEST:
            raise BadDocumentError("a schema requires itself without end")
        flat = self._chosen(schema, depth)
        if "const" in flat:
            return flat["const"]
        if self.examples and (found := _example(flat)) is not None:
            return found[0]
        if flat.get("enum"):
            return self.random.choice([each for each in flat["enum"] if each is not None] or [None])
        return self._of_type(self._type(flat), flat, depth)

    def _chosen(self, schema: Schema, depth: int) -> dict[str, Any]:
        """One object without branches: one of each `oneOf` and `anyOf` is taken."""
        flat = self.shapes.flat(schema)
        for _ in range(_DEEPEST):
            key = next((key for key in ("oneOf", "anyOf") if flat.get(key)), None)
            if key is None and "allOf" not in flat:
                break
            rest = {name: value for name, value in flat.items() if name != key}
            if key is None:
                flat = self.shapes.flat(rest)
                continue
            branch = self._branch(flat[key], depth)
            chosen = merge(self.shapes.flat(branch), self._marked(flat, branch))
            flat = self.shapes.flat(merge(rest, chosen))
        return flat

    def _branch(self, branches: list[Schema], depth: int) -> Schema:
        """A scalar where things are deep already, and null only if there is nothing else."""
        real = [each for each in branches if self.shapes.types(each) != {"null"}] or branches
        if depth > _DEEPEST_OPTIONAL:
            plain = [each for each in real if not self.shapes.types(each) & {"object", "array"}]
            real = plain or real
        return self.random.choice(real)

    def _marked(self, flat: dict[str, Any], branch: Schema) -> dict[str, Any]:
        """The value by which the branch is told from the others."""
        discriminator = flat.get("discriminator")
        reference = branch.get("$ref") if isinstance(branch, dict) else None
        if not isinstance(discriminator, dict) or not reference:
            return {}
        mapping = discriminator.get("mapping") or {}
        name = reference.rpartition("/")[2]
        mark = next((key for key, to in mapping.items() if to in (reference, name)), name)
        field = discriminator.get("propertyName", "type")
        own = self.shapes.flat(self.shapes.properties(branch).get(field, {}))
        if "const" in own or ("enum" in own and mark not in own["enum"]):
            return {}
        return {"properties": {field: {"const": mark}}, "required": [field]}

    def _type(self, flat: dict[str, Any]) -> str:
        kinds = [kind for kind in listed(flat.get("type")) if kind != "null"]
        return (kinds or listed(flat.get("type")) or implied(flat) or ["string"])[0]

    def _of_type(self, kind: str, flat: dict[str, Any], depth: int) -> Any:
        match kind:
            case "object":
                return self._object(flat, depth)
            case "array":
                return self._array(flat, depth)
            case "integer" | "number":
                return figures.number(flat, self.random, whole=kind == "integer")
            case "boolean":
                return self.random.random() < 0.5
            case "null":
                return None
        return texts.text(flat, self.random)

    def _object(self, flat: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = flat.get("properties") or {}
        required = [name for name in flat.get("required") or () if isinstance(name, str)]
        wanted = dict.fromkeys(required)
        if not self.lean and depth < _DEEPEST_OPTIONAL:
            wanted |= dict.fromkeys(properties)
        rest = flat.get("additionalProperties")
        made = {}
        for name in wanted:
            schema = properties.get(name, rest if isinstance(rest, dict) else {})
            if name in required or self._is_worth_it(schema):
                made[name] = self.make(schema, depth=depth + 1)
        least = int(flat.get("minProperties", 0))
        spare = iter(properties)
        while len(made) < least:
            name = next(spare, f"{texts.word(self.random)}{len(made)}")
            schema = properties.get(name, rest if isinstance(rest, dict) else {})
            made.setdefault(name, self.make(schema, depth=depth + 1))
        return self._trimmed(made, required, flat)

    def _is_worth_it(self, schema: Schema) -> bool:
        """Whether an optional property is sent: what only goes the other way is not."""
        return schema is not False and not self.shapes.flat(schema).get(self.hidden)

    def _trimmed(
        self, made: dict[str, Any], required: list[str], flat: dict[str, Any]
    ) -> dict[str, Any]:
        most = int(flat.get("maxProperties", len(made)))
        optional = [name for name in made if name not in required]
        for name in optional[::-1][: max(0, len(made) - most)]:
            del made[name]
        return made

    def _array(self, flat: dict[str, Any], depth: int) -> list[Any]:
        least = int(flat.get("minItems", 0))
        usual = 0 if self.lean or depth >= _DEEPEST_OPTIONAL else 1
        count = max(least, min(usual, int(flat.get("maxItems", usual))))
        first = flat.get("prefixItems") or []
        schemas = [*first, *[flat.get("items", {})] * max(0, count - len(first))]
        made: list[Any] = []
        for schema in schemas[: max(count, len(first))]:
            item = self.make(schema, depth=depth + 1)
            for _ in range(20 if flat.get("uniqueItems") else 0):
                if item not in made:
                    break
                item = Generator(self.shapes, self.random, self.lean, examples=False).make(
                    schema, depth=depth + 1
                )
            made.append(item)
        return made


def _example(flat: dict[str, Any]) -> tuple[Any] | None:
    """What the schema gives as an example, in the words of 3.0 or of 3.1, or as its default."""
    if "example" in flat:
        return (flat["example"],)
    if isinstance(flat.get("examples"), list) and flat["examples"]:
        return (flat["examples"][0],)
    return (flat["default"],) if flat.get("default") is not None else None
