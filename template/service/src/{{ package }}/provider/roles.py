"""Which operations work on the same resources, read from paths and schemas."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from .document import BadDocumentError, Node
from .operations import Operation, Operations
from .shapes import Shapes

Deed = Literal["create", "list", "read", "replace", "update", "remove", "act"]

_ITEM = re.compile(r"(.*/[^/{}]+)/\{([^{}/]+)\}")
_ACTION = re.compile(r"(.*/[^/{}]+)/\{([^{}/]+)\}[/:][^{}]+")
_VARIABLE = re.compile(r"\{([^{}]+)\}")
_ON_ITEM: dict[str, Deed] = {
    "get": "read", "put": "replace", "patch": "update", "post": "update", "delete": "remove",
}  # fmt: skip
_WRAPPERS = ("data", "result", "item", "resource")
_USUAL_IDS = ("id", "uuid", "uid", "key", "name", "slug", "code", "number")


@dataclass(frozen=True)
class Role:
    """What an operation does to a collection.

    `collection` is a template; `variable` names the id in the path, `field` in the resource,
    `wrapper` the property that holds the resource, or the list, in an answer.
    """

    deed: Deed
    collection: str
    variable: str
    field: str
    wrapper: str | None

    def of(self, values: dict[str, str]) -> str:
        """The collection that a request is about."""
        return _VARIABLE.sub(lambda found: values.get(found[1], ""), self.collection)


class Collections:
    """The roles of all operations that have one."""

    def __init__(self, operations: Operations, shapes: Shapes) -> None:
        self._shapes = shapes
        self._by_place = {each.place: each for each in operations.all}
        self.roles: dict[str, Role] = {}
        for operation in operations.all:
            if (role := self._role(operation)) is not None:
                self.roles[operation.place] = role

    def _role(self, operation: Operation) -> Role | None:
        if (item := _ITEM.fullmatch(operation.path)) is not None:
            deed = _ON_ITEM.get(operation.method)
            return self._on_item(operation, deed, item[1], item[2]) if deed else None
        variable = self._variable_below(operation.path)
        if operation.method == "get" and variable is not None:
            return self._list(operation, variable)
        if operation.method == "post" and variable is not None:
            return self._on_item(operation, "create", operation.path, variable)
        if operation.method in ("post", "put") and (act := _ACTION.fullmatch(operation.path)):
            role = self._on_item(operation, "act", act[1], act[2])
            own = {_plain(act[2]), "id"}
            return role if role is not None and _plain(role.field) in own else None
        return None

    def _variable_below(self, path: str) -> str | None:
        """The id of items below a path; empty where they can only be made and listed."""
        for place in self._by_place:
            item = _ITEM.fullmatch(place.partition(" ")[2])
            if item is not None and item[1] == path:
                return item[2]
        both = {f"GET {path}", f"POST {path}"} <= self._by_place.keys()
        return "" if both and not path.endswith("}") else None

    def _on_item(
        self, operation: Operation, deed: Deed, collection: str, variable: str
    ) -> Role | None:
        shape = self._success(operation)
        if shape is None and deed == "remove":
            return Role(deed, collection, variable, "id", None)
        found = self._identity(shape, variable, collection) if shape is not None else None
        if found is None:
            return Role(deed, collection, variable, "id", None) if deed == "remove" else None
        return Role(deed, collection, variable, *found)

    def _identity(
        self, schema: Any, variable: str, collection: str
    ) -> tuple[str, str | None] | None:
        """The field with the id, and the property around the resource."""
        properties = self._shapes.properties(schema)
        field = self._field(properties, variable, collection)
        if field is not None:
            return field, None
        for name, inner in properties.items():
            if "object" not in self._shapes.types(inner):
                continue
            field = self._field(self._shapes.properties(inner), variable, collection)
            named = name in _WRAPPERS or name.rstrip("s") in collection.replace("-", "_")
            if field is not None and named:
                return field, name
        return None

    def _field(self, properties: dict[str, Any], variable: str, collection: str) -> str | None:
        plain = {_plain(name): name for name in properties}
        singular = collection.rpartition("/")[2].rstrip("s")
        names = [variable, f"{singular}_id", "id", *_USUAL_IDS] if variable else ["id"]
        return next((plain[_plain(name)] for name in names if _plain(name) in plain), None)

    def _list(self, operation: Operation, variable: str) -> Role | None:
        schema = self._success(operation)
        if schema is None:
            return None
        wrapper = None
        if "array" not in self._shapes.types(schema):
            arrays = [
                name
                for name, inner in self._shapes.properties(schema).items()
                if "array" in self._shapes.types(inner)
                and "object" in self._shapes.types(self._shapes.items(inner))
            ]
            if len(arrays) != 1:
                return None
            [wrapper] = arrays
            schema = self._shapes.properties(schema)[wrapper]
        items = self._shapes.properties(self._shapes.items(schema))
        field = self._field(items, variable, operation.path)
        return Role("list", operation.path, variable, field, wrapper) if field else None

    def _success(self, operation: Operation) -> Any:
        """The schema of the usual JSON answer."""
        found = success(operation)
        return found.value if found is not None else None


def success(operation: Operation) -> Node | None:
    from .answers import usual_status
    from .inputs import is_json

    try:
        response = operation.response(usual_status(operation))
        content = response.get("content") if response is not None else None
        for name, entry in content.children() if content is not None else ():
            if is_json(name.partition(";")[0].strip().lower()):
                return entry.get("schema")
    except BadDocumentError:
        return None
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
