"""A request as the document sees it: decoded, typed, and held to the rules."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.datastructures import UploadFile
from starlette.requests import Request

from . import styles
from .checking import Validators
from .document import Node
from .operations import Match, Operation
from .parameters import Parameter
from .shapes import Shapes

_NOTHING = object()


@dataclass
class Inputs:
    """What came in. `problems` are empty where all of it fits."""

    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    body: Any = None
    problems: list[dict[str, str]] = field(default_factory=list)
    status: int = 400
    path: str = ""

    def refuse(self, at: str, problem: str, *, status: int = 400) -> None:
        self.problems.append({"at": at, "problem": problem})
        self.status = status

    def parameter(self, name: str) -> Any:
        """By its name, wherever it is."""
        return next((held[name] for held in self.parameters.values() if name in held), None)


class Reader:
    def __init__(self, shapes: Shapes, validators: Validators) -> None:
        self._shapes, self._validators = shapes, validators

    async def read(self, request: Request, match: Match) -> Inputs:
        """Raises BadDocumentError where the document itself is at fault."""
        inputs = Inputs(path=request.url.path.rstrip("/"))
        pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        jar = styles.cookies(request.headers.get("cookie", ""))
        for parameter in match.operation.parameters:
            value = self._found(parameter, request, match, pairs, jar)
            self._take(parameter, value, inputs)
        await self._body(request, match.operation, inputs)
        return inputs

    def _found(
        self,
        parameter: Parameter,
        request: Request,
        match: Match,
        pairs: styles.Pairs,
        jar: styles.Pairs,
    ) -> Any:
        text: str | None = None
        if parameter.location in ("query", "cookie"):
            source = pairs if parameter.location == "query" else jar
            if parameter.media is None:
                return styles.from_pairs(parameter, source, self._shapes)
            text = dict(source).get(parameter.name)
        elif parameter.location == "header":
            text = request.headers.get(parameter.name)
        else:
            text = match.values.get(parameter.name)
        if text is None or parameter.media is not None:
            return _parsed(text) if text is not None else None
        return styles.from_text(parameter, text, self._shapes)

    def _take(self, parameter: Parameter, value: Any, inputs: Inputs) -> None:
        place = f"{parameter.location}.{parameter.name}"
        if value is None:
            if parameter.required:
                inputs.refuse(place, "is missing")
            return
        if parameter.schema is None:
            inputs.parameters.setdefault(parameter.location, {})[parameter.name] = value
            return
        if parameter.media is None:
            value = styles.typed(value, parameter.schema.value, self._shapes)
        inputs.parameters.setdefault(parameter.location, {})[parameter.name] = value
        self._check(parameter.schema, value, place, inputs)

    def _check(self, schema: Node, value: Any, place: str, inputs: Inputs) -> None:
        for path, problem in self._validators.problems(schema, value):
            inputs.refuse(".".join([place, *map(str, path)]), problem)

    async def _body(self, request: Request, operation: Operation, inputs: Inputs) -> None:
        node = operation.asked.get("requestBody")
        raw = await request.body()
        if node is None:
            inputs.body = _parsed(raw.decode("utf-8", "replace")) if raw else None
            return
        given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not raw:
            if node.value.get("required") is True:
                inputs.refuse("body", "is missing")
            return
        media = media_for(node, given)
        if media is None:
            inputs.refuse("body", "is of a media type that is not taken here", status=415)
            return
        schema = media.get("schema")
        body = await self._decoded(request, raw, given, schema)
        if body is _NOTHING:
            inputs.refuse("body", f"is not `{given}`")
            return
        inputs.body = body
        if schema is not None and checked(given):
            self._check(schema, body, "body", inputs)

    async def _decoded(self, request: Request, raw: bytes, given: str, schema: Node | None) -> Any:
        if is_json(given):
            return _parsed_strictly(raw)
        shape = schema.value if schema is not None else {}
        if given == "application/x-www-form-urlencoded":
            pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True)
            return styles.typed(styles.nested(pairs), shape, self._shapes)
        if given == "multipart/form-data":
            form = await request.form()
            parts = [(name, await _part(value)) for name, value in form.multi_items()]
            return styles.typed(styles.nested(parts), shape, self._shapes)
        return raw.decode("utf-8", "replace")


async def _part(value: UploadFile | str) -> str:
    """A file as text, one character a byte."""
    if isinstance(value, str):
        return _parsed(value) if value.startswith("{") else value
    return (await value.read()).decode("latin-1")


def media_for(holder: Node, given: str) -> Node | None:
    """The entry of `content` for a media type; ranges such as `text/*` count."""
    content = holder.get("content")
    if content is None:
        return None
    known = {name.partition(";")[0].strip().lower(): name for name in content.value}
    for name in (given, f"{given.partition('/')[0]}/*", "*/*"):
        if name in known:
            return content.get(known[name])
    return None


def is_json(media: str) -> bool:
    """Whether it is one JSON document, and not a stream of them."""
    return media == "application/json" or (media.endswith("+json") and "stream" not in media)


def checked(media: str) -> bool:
    """Whether bodies of this type are held to their schema."""
    return is_json(media) or media in (
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain",
    )


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _parsed_strictly(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _NOTHING
