# Sealed: an update replaces this file.
"""How events are written down: a name and a version for each shape, and how old ones are read."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, dataclass_transform

from pydantic import TypeAdapter

Data = dict[str, Any]
Upcaster = Callable[[Data], Data]
E = TypeVar("E")


class UnreadableEventError(Exception):
    """It was written by a newer version of the service, or nobody knows its name any more."""


@dataclass(frozen=True)
class Shape:
    """What is stored of events of one class: `name` stays when the class is called otherwise."""

    name: str
    version: int
    kind: type[Any]

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.kind)


_shapes: dict[str, Shape] = {}
_of_class: dict[type[Any], Shape] = {}
_upcasters: dict[tuple[str, int], Upcaster] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def stored(name: str, *, version: int = 1) -> Callable[[type[E]], type[E]]:
    """Make the class an event (a frozen data class) that is stored under this name."""

    def decorate(kind: type[E]) -> type[E]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(kind)
        if (known := _shapes.get(name)) and known.kind.__qualname__ != made.__qualname__:
            raise ValueError(f"two events are stored as `{name}`")
        _shapes[name] = _of_class[made] = Shape(name, version, made)
        return made

    return decorate


def upcast(name: str, version: int) -> Callable[[Upcaster], Upcaster]:
    """The function makes the data of the next version from that of this one."""

    def decorate(upcaster: Upcaster) -> Upcaster:
        _upcasters[name, version] = upcaster
        return upcaster

    return decorate


def encode(event: object) -> tuple[str, int, Data]:
    """Name, version and data, as they are stored."""
    shape = _of_class[type(event)]
    return shape.name, shape.version, shape.adapter.dump_python(event, mode="json")


def decode(name: str, version: int, data: Data) -> Any:
    """The event as its class is today. Raises UnreadableEventError."""
    shape = _shapes.get(name)
    if shape is None or version > shape.version:
        raise UnreadableEventError(f"no one here can read `{name}` of version {version}")
    for old in range(version, shape.version):
        if (upcaster := _upcasters.get((name, old))) is None:
            raise UnreadableEventError(f"there is no way from `{name}` of version {old}")
        data = upcaster(dict(data))
    return shape.adapter.validate_python(data)


def named(event: object) -> str:
    """The name under which it is stored."""
    return _of_class[type(event)].name
