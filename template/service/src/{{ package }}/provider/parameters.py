"""The parameters of operations."""

from collections.abc import Iterator
from dataclasses import dataclass

from .document import Node

_NOT_PARAMETERS = ("accept", "content-type", "authorization")


@dataclass(frozen=True)
class Parameter:
    name: str
    location: str
    required: bool
    style: str
    explode: bool
    schema: Node | None
    media: str | None = None


def of(owner: Node) -> Iterator[Parameter]:
    listed = owner.get("parameters")
    for _, node in listed.children() if listed is not None else ():
        location = node.text("in")
        style = node.text("style", "form" if location in ("query", "cookie") else "simple")
        content = node.get("content")
        media, schema = None, node.get("schema")
        if content is not None and content.value:
            media = next(iter(content.value))
            holder = content.get(media)
            schema = holder.get("schema") if holder is not None else None
        if location == "header" and node.text("name").lower() in _NOT_PARAMETERS:
            continue
        yield Parameter(
            name=node.text("name"),
            location=location,
            required=node.value.get("required") is True or location == "path",
            style=style,
            explode=node.value.get("explode", style == "form") is True,
            schema=schema,
            media=media,
        )
