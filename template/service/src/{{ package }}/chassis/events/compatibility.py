# Sealed: an update replaces this file.
"""Whether a reader understands everything that a writer may say, going by two JSON Schemas.

For those that pydantic makes of models. A reader leaves out what it does not know, unless its
schema forbids it. Where this cannot tell, it says no.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

_REMARKS = frozenset(
    {
        *("$schema", "$id", "$defs", "title", "description", "default", "examples"),
        *("deprecated", "readOnly", "writeOnly", "discriminator"),
    }
)
_COMPARED = frozenset({"type", "enum", "const", "properties", "required", "additionalProperties"})
_COMPARED |= {"items", "prefixItems"}
_LOWEST = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_HIGHEST = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})


def unreadable(*, writer: Schema, reader: Schema) -> list[str]:
    """What stands in the way, each with its place; nothing if all can be read."""
    return _Comparison(writer, reader).problems("data", writer, reader)


class _Comparison:
    def __init__(self, writer: Schema, reader: Schema) -> None:
        self._writer, self._reader = writer, reader
        # A model may contain itself: what is being compared is taken for granted meanwhile.
        self._under_way: set[tuple[int, int]] = set()

    def problems(self, place: str, writer: Any, reader: Any) -> list[str]:
        if writer is False or reader is True:
            return []
        if reader is False:
            return [f"`{place}` is written, and may not be there for the reader"]
        pair = id(writer), id(reader)
        if pair in self._under_way:
            return []
        self._under_way.add(pair)
        try:
            return list(self._of_alternatives(place, writer, reader))
        finally:
            self._under_way.discard(pair)

    def _of_alternatives(self, place: str, writer: Any, reader: Any) -> Iterator[str]:
        """Each that the writer has must be one of the reader's."""
        read = list(_alternatives(reader, self._reader))
        for written in _alternatives(writer, self._writer):
            tried = [(list(self._of_one(place, written, each)), each) for each in read]
            if all(problems for problems, _ in tried):
                # The one that was probably meant.
                yield from min(tried, key=lambda pair: (_differ(written, pair[1]), len(pair[0])))[0]

    def _of_one(self, place: str, writer: Schema, reader: Schema) -> Iterator[str]:
        written, read = _values(writer), _values(reader)
        if read is not None:
            known = {repr(each) for each in read}  # `True` is not 1 here
            more = ["anything"] if written is None else [v for v in written if repr(v) not in known]
            if more:
                yield f"`{place}` may be {_listed(more)}, and is read as {_listed(read)}"
            return
        if "type" in reader and _differ(writer, reader):
            yield f"`{place}` is written as {_type(writer)}, and read as {reader['type']}"
            return
        yield from self._of_rules(place, writer, reader)
        if reader.keys() & {"properties", "required", "additionalProperties"}:
            yield from self._of_objects(place, writer, reader)
        if reader.keys() & {"items", "prefixItems"}:
            yield from self._of_arrays(place, writer, reader)

    def _of_rules(self, place: str, writer: Schema, reader: Schema) -> Iterator[str]:
        for name in sorted(reader.keys() - _REMARKS - _COMPARED):
            rule, written = reader[name], writer.get(name)
            if name in _LOWEST:
                kept = written is not None and written >= rule
            elif name in _HIGHEST:
                kept = written is not None and written <= rule
            else:
                kept = written == rule and "$ref" not in str(rule)
            if not kept:
                yield f"`{place}` is read only with `{name}` {rule}, and written with {written}"

    def _of_objects(self, place: str, writer: Schema, reader: Schema) -> Iterator[str]:
        written, read = writer.get("properties", {}), reader.get("properties", {})
        others_read = reader.get("additionalProperties", True)
        for name, schema in written.items():
            yield from self.problems(f"{place}.{name}", schema, read.get(name, others_read))
        for name in reader.get("required", ()):
            if name not in writer.get("required", ()):
                yield f"`{place}.{name}` must be there for the reader, and need not be written"
        # A model writes its own fields only; what is no model may write any.
        others = writer.get("additionalProperties", "properties" not in writer)
        for each in [others_read, *(read[name] for name in read.keys() - written.keys())]:
            yield from self.problems(f"{place}.*", others, each)

    def _of_arrays(self, place: str, writer: Schema, reader: Schema) -> Iterator[str]:
        count = max(len(writer.get("prefixItems", ())), len(reader.get("prefixItems", ())))
        for at in range(count):
            yield from self.problems(f"{place}[{at}]", _item(writer, at), _item(reader, at))
        yield from self.problems(f"{place}[]", _item(writer, count), _item(reader, count))


def _alternatives(schema: Any, document: Schema) -> Iterator[Schema]:
    """The schema without references and choices: one of these is meant."""
    if not isinstance(schema, Mapping):
        yield {}
        return
    beside = {k: v for k, v in schema.items() if k not in {"$ref", "anyOf", "oneOf", *_REMARKS}}
    choices = schema.get("anyOf") or schema.get("oneOf")
    if "$ref" in schema:
        choices = [document["$defs"][schema["$ref"].rpartition("/")[2]]]
    elif isinstance(schema.get("type"), list):
        choices = [{"type": each} for each in beside.pop("type")]
    if choices is None:
        yield schema
        return
    for choice in choices:
        for each in _alternatives(choice, document):
            yield {**each, **beside} if beside else each


def _item(schema: Schema, at: int) -> Any:
    prefix = schema.get("prefixItems", ())
    if at < len(prefix):
        return prefix[at]
    return False if at >= schema.get("maxItems", at + 1) else schema.get("items", True)


def _values(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _type(schema: Schema) -> str:
    if "type" in schema:
        return str(schema["type"])
    names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    found = {names.get(type(each), "anything") for each in _values(schema) or [object]}
    return " or ".join(sorted(found))


def _differ(writer: Schema, reader: Schema) -> bool:
    """Whole numbers can be read as numbers."""
    pair = _type(writer), _type(reader)
    return pair[0] != pair[1] and pair != ("integer", "number")


def _listed(values: list[Any]) -> str:
    return ", ".join(f"`{each}`" for each in values)
