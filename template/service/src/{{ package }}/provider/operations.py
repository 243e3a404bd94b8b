"""The operations of the document, and which of them a request is for."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from . import parameters
from .document import BadDocumentError, Document, Gap, Node
from .parameters import Parameter

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_VARIABLE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Operation:
    """`asked` is the operation as requests see it, `answered` as answers do."""

    name: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    asked: Node
    answered: Node
    security: list[dict[str, Any]] | None

    @property
    def place(self) -> str:
        return f"{self.method.upper()} {self.path}"

    def responses(self) -> dict[str, Node]:
        found = self.answered.get("responses")
        return dict(found.children()) if found is not None else {}

    def response(self, status: int) -> Node | None:
        """That of the status, of its class, or the default one."""
        known = {name.upper(): node for name, node in self.responses().items()}
        return known.get(str(status)) or known.get(f"{status // 100}XX") or known.get("DEFAULT")


@dataclass(frozen=True)
class Match:
    operation: Operation
    values: Mapping[str, str]


@dataclass
class _Route:
    pattern: re.Pattern[str]
    literal: tuple[bool, ...]
    operations: dict[str, Operation] = field(default_factory=dict)


class Operations:
    """Finds operations by path; one with fewer variables wins."""

    def __init__(self, document: Document) -> None:
        self.gaps: list[Gap] = []
        self.all: list[Operation] = []
        self.prefixes = _prefixes(document.source)
        self._routes: dict[int, list[_Route]] = {}
        self._read(document)
        for routes in self._routes.values():
            routes.sort(key=lambda route: route.literal, reverse=True)

    def match(self, method: str, raw_path: str) -> Match | None:
        """The operation, or None."""
        for route, values in self._fitting(raw_path):
            if (found := route.operations.get(method.lower())) is not None:
                names = _VARIABLE.findall(found.path)
                return Match(found, dict(zip(names, values, strict=True)))
        return None

    def allowed(self, raw_path: str) -> list[str]:
        """The methods of a path; empty if there is no such path."""
        return sorted({m.upper() for route, _ in self._fitting(raw_path) for m in route.operations})

    def named(self, name: str) -> Operation | None:
        """By its id, or by `GET /path`."""
        return next((each for each in self.all if name in (each.name, each.place)), None)

    def _fitting(self, raw_path: str) -> Iterator[tuple[_Route, list[str]]]:
        for prefix in self.prefixes:
            if raw_path.startswith(f"{prefix}/"):
                path = raw_path.removeprefix(prefix)
                for route in self._routes.get(path.count("/"), ()):
                    if (found := route.pattern.fullmatch(path)) is not None:
                        yield route, [unquote(value) for value in found.groups()]

    def _read(self, document: Document) -> None:
        for path in document.source.get("paths") or {}:
            if not path.startswith("/"):
                continue
            if "?" in path or "#" in path:
                self.gaps.append(Gap(path, "a path with `?` or `#` matches no request"))
                continue
            try:
                self._add(document, path)
            except BadDocumentError as error:
                self.gaps.append(Gap(path, str(error)))

    def _add(self, document: Document, path: str) -> None:
        answered = _item(document.answers, path)
        asked = _item(document.requests, path)
        route = _route(path)
        shape = route.pattern.pattern
        same = [r for r in self._routes.get(path.count("/"), ()) if r.pattern.pattern == shape]
        if same:
            route = same[0]
        else:
            self._routes.setdefault(path.count("/"), []).append(route)
        for method in METHODS:
            if (node := answered.get(method)) is not None:
                operation = _operation(document, path, method, asked, node)
                if route.operations.setdefault(method, operation) is operation:
                    self.all.append(operation)
                else:
                    self.gaps.append(Gap(operation.place, "another path has the same form"))


def _item(root: Node, path: str) -> Node:
    paths = root.get("paths")
    item = paths.get(path) if paths is not None else None
    if item is None:
        raise BadDocumentError("the path is empty")
    return item


def _operation(document: Document, path: str, method: str, item: Node, answered: Node) -> Operation:
    asked = item.get(method)
    assert asked is not None
    found = {
        (each.location, each.name.lower()): each
        for owner in (item, asked)
        for each in parameters.of(owner)
    }
    return Operation(
        name=answered.text("operationId", f"{method.upper()} {path}"),
        method=method,
        path=path,
        parameters=tuple(found.values()),
        asked=asked,
        answered=answered,
        security=answered.value.get("security", document.source.get("security")),
    )


def _route(path: str) -> _Route:
    parts = _VARIABLE.split(path)[::2]
    pattern = "([^/]+)".join(map(re.escape, parts))
    literal = tuple(_VARIABLE.search(segment) is None for segment in path.split("/"))
    return _Route(re.compile(pattern), literal)


def _prefixes(source: dict[str, Any]) -> list[str]:
    """The paths of the servers, longest first; the bare paths work too."""
    found = {""}
    for server in source.get("servers") or ():
        path = urlsplit(_filled(server)).path.rstrip("/")
        if path and "{" not in path:
            found.add(path)
    return sorted(found, key=len, reverse=True)


def _filled(server: dict[str, Any]) -> str:
    variables = server.get("variables") or {}

    def default(match: re.Match[str]) -> str:
        return str((variables.get(match[1]) or {}).get("default", match[0]))

    return _VARIABLE.sub(default, str(server.get("url", "")))
