"""Answers of the document: an example where one fits, else data made from the schema."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from . import styles
from .checking import Validators
from .document import BadDocumentError, Gap, Node, dumped
from .generation import Generator
from .inputs import is_json
from .operations import Operation
from .shapes import Schema, Shapes

_TRIES = 16
_SHAPED = {"pattern", "format", "enum", "const", "oneOf", "anyOf", "maxLength"}
_FOR_BYTES = (
    "image/", "audio/", "video/", "font/", "application/octet-stream", "application/zip",
    "application/pdf", "application/gzip", "application/x-tar", "application/x-gzip",
)  # fmt: skip


@dataclass
class Answer:
    status: int
    media: str | None = None
    value: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    schema: Node | None = None

    def body(self) -> bytes:
        if self.media is None:
            return b""
        if is_json(self.media):
            return dumped(self.value)
        text = self.value if isinstance(self.value, str) else dumped(self.value).decode()
        return f"data: {text}\n\n".encode() if self.media == "text/event-stream" else text.encode()


class Answers:
    def __init__(
        self, shapes: Shapes, validators: Validators, *, seed: str, hidden: str = "writeOnly"
    ) -> None:
        """`hidden`: which optional properties are never made."""
        self._shapes, self._validators, self._seed = shapes, validators, seed
        self._hidden = hidden
        self.gaps: dict[str, Gap] = {}

    def make(
        self,
        operation: Operation,
        *,
        status: int | None = None,
        accept: str = "*/*",
        example: str | None = None,
        variant: str = "",
    ) -> Answer:
        """Raises BadDocumentError that names what cannot be answered, and why."""
        status = status or usual_status(operation)
        response = operation.response(status)
        if response is None:
            raise BadDocumentError(f"`{operation.place}` has no answer {status}")
        answer = Answer(status, headers=self._headers(response, operation, variant))
        content = response.get("content")
        if content is None or not content.value or status in (204, 304):
            return answer
        answer.media, entry = _negotiated(content, accept)
        answer.schema = entry.get("schema")
        seed = f"{operation.place} {status} {variant}"
        answer.value = self._value(entry, answer.media, seed, example)
        return answer

    def fits(self, schema: Node | None, value: Any) -> bool:
        return schema is None or self._validators.fits(schema, value)

    def first_problem(self, schema: Node | None, value: Any) -> list[str | int] | None:
        """Where the first problem is; None if there is none."""
        if schema is None:
            return None
        return next((path for path, _ in self._validators.problems(schema, value)), None)

    def fresh(self, schema: Schema, seed: str) -> Any:
        """A new value, such as an id, without the examples of the document."""
        random = Random(f"{self._seed} {seed}")  # noqa: S311 - not for secrets
        flat = self._shapes.flat(schema)
        if self._shapes.types(flat) <= {"string"} and not flat.keys() & _SHAPED:
            return f"{random.getrandbits(64):016x}"
        if self._shapes.types(flat) == {"integer"} and "maximum" not in flat:
            return random.randrange(max(1, int(flat.get("minimum", 1))), 2**31)
        return Generator(self._shapes, random, examples=False).make(flat)

    def data(self, schema: Node, seed: str) -> Any:
        """Data that fits; raises BadDocumentError if none is found."""
        problem, nearest = "no data that fits it was found", None
        for number in range(_TRIES):
            generator = Generator(
                self._shapes,
                Random(f"{self._seed} {seed} {number}"),  # noqa: S311 - not for secrets
                lean=number % 2 == 1 or number > _TRIES // 2,
                examples=number < 2,
                hidden=self._hidden,
            )
            try:
                value = generator.make(schema.value)
            except BadDocumentError as error:
                problem = str(error)
                continue
            if self._validators.fits(schema, value):
                return value
            if self._validators.overlaps(schema, value):
                nearest = value
        if nearest is not None:
            what = "several branches of `oneOf` fit the same data; it is answered all the same"
            self.gaps[schema.pointer] = Gap(schema.pointer, what)
            return nearest
        raise BadDocumentError(f"`{schema.pointer}`: {problem}")

    def _value(self, entry: Node, media: str, seed: str, example: str | None) -> Any:
        schema = entry.get("schema")
        structured = is_json(media)
        for found in _examples(entry, example):
            if not structured or schema is None or self._validators.fits(schema, found):
                return found
        if media.endswith("xml") and "html" not in media:
            raise BadDocumentError(f"`{entry.pointer}`: `{media}` is not made without an example")
        if media.startswith(_FOR_BYTES):
            return f"{media} {seed}"
        if schema is None:
            return {} if structured else seed
        return self.data(schema, seed)

    def _headers(self, response: Node, operation: Operation, variant: str) -> dict[str, str]:
        made = {}
        headers = response.get("headers")
        for name, header in headers.children() if headers is not None else ():
            schema = header.get("schema")
            if schema is None or name.lower() in ("content-type", "content-length"):
                continue
            seed = f"{operation.place} {name} {variant}"
            found = next(_examples(header, None), None)
            value = found if found is not None else self.data(schema, seed)
            text = styles.written(value, explode=header.value.get("explode") is True)
            made[name.lower()] = "".join(each for each in text if each.isprintable())
        return made


def usual_status(operation: Operation) -> int:
    """The lowest of success; else of redirection; else what there is."""
    known = sorted(name.upper() for name in operation.responses())
    for first in "23":
        for name in known:
            if name.startswith(first):
                return int(name.replace("X", "0"))
    if "DEFAULT" in known or not known:
        return 200
    return int(known[0].replace("X", "0"))


def _negotiated(content: Node, accept: str) -> tuple[str, Node]:
    """The first that the caller accepts; JSON before others."""
    wanted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    names = sorted(content.value, key=lambda name: not is_json(_bare(name)))
    for pattern in wanted:
        for name in names:
            bare = _bare(name)
            if pattern in ("*/*", "", bare, f"{bare.partition('/')[0]}/*"):
                return _concrete(bare), _entry(content, name)
    return _concrete(_bare(names[0])), _entry(content, names[0])


def _entry(content: Node, name: str) -> Node:
    found = content.get(name)
    return found if found is not None else Node(content.tree, f"{content.pointer}/{name}", {})


def _bare(media: str) -> str:
    return media.partition(";")[0].strip().lower()


def _concrete(media: str) -> str:
    if media == "*/*":
        return "application/json"
    return f"{media[:-1]}plain" if media.endswith("/*") else media


def _examples(holder: Node, name: str | None) -> Iterator[Any]:
    """The wanted one first."""
    named = holder.get("examples")
    found = dict(named.children()) if named is not None and isinstance(named.value, dict) else {}
    if name is not None and name in found:
        found = {name: found[name], **found}
    for node in found.values():
        if isinstance(node.value, dict) and "value" in node.value:
            yield node.value["value"]
    if isinstance(holder.value, dict) and "example" in holder.value:
        yield holder.value["example"]
