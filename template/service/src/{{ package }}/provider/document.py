"""The OpenAPI document: read from a file, and walked with references followed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import orjson

from . import dialect, loading

_SUPPORTED = ("3.0", "3.1")


class BadDocumentError(Exception):
    """The file is not an OpenAPI document of a version that is understood."""


@dataclass(frozen=True)
class Gap:
    """Something in the document that is not emulated, and where."""

    place: str
    what: str


@dataclass(frozen=True)
class Node:
    """A part of the document, with its JSON pointer."""

    tree: dict[str, Any]
    pointer: str
    value: Any

    def get(self, key: str | int) -> "Node | None":
        """The child, with references followed; None if it is not there."""
        if isinstance(self.value, list):
            found = self.value[int(key)] if int(key) < len(self.value) else None
        else:
            found = self.value.get(key) if isinstance(self.value, dict) else None
        if found is None:
            return None
        return follow(Node(self.tree, f"{self.pointer}/{escaped(key)}", found))

    def children(self) -> "Iterator[tuple[str, Node]]":
        """Members of an object, or items of a list under their index."""
        keys = range(len(self.value)) if isinstance(self.value, list) else list(self.value or ())
        for key in keys:
            if (child := self.get(key)) is not None:
                yield str(key), child

    def text(self, key: str, default: str = "") -> str:
        found = self.value.get(key) if isinstance(self.value, dict) else None
        return default if found is None else str(found)

    @property
    def reference(self) -> str:
        """The pointer as the fragment of a URI."""
        return quote(self.pointer, safe="/~!$&'()*+,;=:@")


def escaped(key: str | int) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def follow(node: Node) -> Node:
    """The target of a chain of references; raises BadDocumentError when there is none."""
    seen = set()
    while isinstance(node.value, dict) and isinstance(node.value.get("$ref"), str):
        reference = node.value["$ref"]
        if reference in seen:
            raise BadDocumentError(f"`{node.pointer}`: `{reference}` refers to itself")
        seen.add(reference)
        node = at(node.tree, reference, asked_by=node.pointer)
    return node


def at(tree: dict[str, Any], reference: str, *, asked_by: str) -> Node:
    """The node that `#/…` names."""
    if not reference.startswith("#"):
        raise BadDocumentError(f"`{asked_by}`: `{reference}` lies outside the document")
    value: Any = tree
    for part in filter(None, unquote(reference[1:]).split("/")):
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            raise BadDocumentError(f"`{asked_by}`: `{reference}` leads nowhere")
    return Node(tree, unquote(reference[1:]), value)


@dataclass
class Document:
    """As written, and as two trees of one dialect: what requests hold, and what answers hold."""

    source: dict[str, Any]
    requests: Node
    answers: Node
    gaps: list[Gap] = field(default_factory=list)


def load(file: Path) -> Document:
    """Raises BadDocumentError with one sentence."""
    source = loading.read(file)
    if source is None:
        raise BadDocumentError(f"`{file.name}` is neither JSON nor YAML")
    version = str(source.get("openapi", "")) if isinstance(source, dict) else ""
    if not version.startswith(_SUPPORTED):
        raise BadDocumentError(f"`{file.name}` is not an OpenAPI 3.0 or 3.1 document")
    return understood(source)


def understood(source: dict[str, Any]) -> Document:
    gaps: dict[str, Gap] = {}

    def missing(place: str, what: str) -> None:
        gaps[place] = Gap(place, what)

    old = str(source["openapi"]).startswith("3.0")
    answers = dialect.Upgrade(source, old=old, hidden="writeOnly", missing=missing).tree()
    requests = dialect.Upgrade(source, old=old, hidden="readOnly", missing=missing).tree()
    return Document(
        source,
        requests=Node(requests, "", requests),
        answers=Node(answers, "", answers),
        gaps=list(gaps.values()),
    )


def find(folder: Path) -> Path:
    """`openapi.yaml`, `openapi.yml` or `openapi.json` in a folder."""
    for name in ("openapi.json", "openapi.yaml", "openapi.yml"):
        if (folder / name).is_file():
            return folder / name
    raise BadDocumentError(f"there is no `openapi.yaml` or `openapi.json` in `{folder}`")


def dumped(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # a number or a text that orjson has no room for
        return json.dumps(value, default=str).encode()
