# Sealed: an update replaces this file.
"""Which changes of a schema break those who read it."""

import json
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import product
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from ...conftest import events


class Colour(StrEnum):
    RED = "red"


class Colours(StrEnum):
    RED = "red"
    BLUE = "blue"


class Point(BaseModel):
    x: int


class Place(BaseModel):
    x: int
    y: int = 0


class Named(BaseModel):
    x: int
    name: str


class Closed(BaseModel, extra="forbid"):
    x: int


class Tree(BaseModel):
    leaf: int
    branches: list["Tree"] = []


class Bush(BaseModel):
    leaf: str
    branches: list["Bush"] = []


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tail: bool


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]
Short = Annotated[str, Field(max_length=5)]
Long = Annotated[str, Field(max_length=9)]
Positive = Annotated[int, Field(gt=0)]

READABLE = [
    (int, int),
    (int, float),
    (int, Any),
    (int, int | None),
    (int | None, str | int | None),
    (Colour, Colours),
    (Colour, str),
    (Literal[True], bool),
    (Short, Long),
    (Short, str),
    (Positive, int),
    (Place, Point),
    (Point, Place),
    (Closed, Point),
    (list[Place], list[Point]),
    (tuple[int, str], tuple[int, str]),
    (tuple[int, int], list[int]),
    (dict[str, int], dict[str, float]),
    (Point, dict[str, int]),
    (Tree, Tree),
    (Cat, Pet),
    (Pet, Pet),
    (Decimal, Decimal),
]
UNREADABLE = [
    (int, str, "`data` is written as integer, and read as string"),
    (float, int, "`data` is written as number, and read as integer"),
    (Any, int, "`data` is written as anything, and read as integer"),
    (int | None, int, "`data` is written as null, and read as integer"),
    (str, UUID, "`data` is read only with `format` uuid, and written with None"),
    (UUID, Annotated[str, Field(pattern="^a")], "`data` is read only with `pattern` ^a, and"),
    (Colours, Colour, "`data` may be `blue`, and is read as `red`"),
    (str, Colour, "`data` may be `anything`, and is read as `red`"),
    (Literal[1], Literal[True], "`data` may be `1`, and is read as `True`"),
    (Long, Short, "`data` is read only with `maxLength` 5, and written with 9"),
    (int, Positive, "`data` is read only with `exclusiveMinimum` 0, and written with None"),
    (Point, Named, "`data.name` must be there for the reader, and need not be written"),
    (Named, Closed, "`data.name` is written, and may not be there for the reader"),
    (list[Tree], list[Bush], "`data[].leaf` is written as integer, and read as string"),
    (tuple[int, int], tuple[int, str], "`data[1]` is written as integer, and read as string"),
    (list[int], set[int], "`data` is read only with `uniqueItems` True, and written with None"),
    (dict[str, int], Point, "`data.x` must be there for the reader, and need not be written"),
    (dict[str, int], dict[str, str], "`data.*` is written as integer, and read as string"),
    (Pet, Cat, "`data.kind` may be `dog`, and is read as `cat`"),
    (Pet, Cat | Named, "`data.kind` may be `dog`, and is read as `cat`"),
]


SAMPLES: list[tuple[Any, list[Any]]] = [
    (int, [0, -1, 7]),
    (float, [0.5, 2.0]),
    (str, ["", "red", "longer than that"]),
    (bool, [True, False]),
    (int | None, [None, 3]),
    (str | int, ["a", 1]),
    (UUID, ["6f1c2b1e-0b5a-4d0e-9a55-0d5f0c6f7a11"]),
    (datetime, ["2026-11-28T12:00:00Z"]),
    (date, ["2026-11-28"]),
    (Colour, ["red"]),
    (Colours, ["red", "blue"]),
    (Literal["red", 1], ["red", 1]),
    (Short, ["", "12345"]),
    (Long, ["123456789"]),
    (Positive, [1]),
    (Point, [{"x": 1}]),
    (Place, [{"x": 1}, {"x": 1, "y": 2}]),
    (Named, [{"x": 1, "name": "a"}]),
    (Closed, [{"x": 1}]),
    (Tree, [{"leaf": 1}, {"leaf": 1, "branches": [{"leaf": 2, "branches": []}]}]),
    (Bush, [{"leaf": "a"}, {"leaf": "a", "branches": [{"leaf": "b"}]}]),
    (Cat, [{"kind": "cat", "lives": 7}]),
    (Pet, [{"kind": "cat", "lives": 7}, {"kind": "dog", "tail": True}]),
    (list[int], [[], [1, 1]]),
    (list[Point], [[{"x": 1}]]),
    (list[int | str], [[1, "a"]]),
    (set[int], [[1]]),
    (tuple[int, int], [[1, 2]]),
    (tuple[int, str], [[1, "a"]]),
    (dict[str, int], [{}, {"x": 1}, {"y": 1}]),
    (dict[str, Any], [{}, {"x": "a"}, {"x": None}]),
    (Any, [None, 1, "a", [], {}]),
]


def schema(kind: Any) -> dict[str, Any]:
    made: dict[str, Any] = TypeAdapter(kind).json_schema()
    return made


@pytest.mark.parametrize(("writer", "reader"), READABLE, ids=str)
def test_what_can_be_read(writer: Any, reader: Any) -> None:
    found = events.compatibility.unreadable(writer=schema(writer), reader=schema(reader))

    assert found == []


@pytest.mark.parametrize(("writer", "reader", "why"), UNREADABLE, ids=str)
def test_what_cannot_be_read_is_told_with_its_place(writer: Any, reader: Any, why: str) -> None:
    found = events.compatibility.unreadable(writer=schema(writer), reader=schema(reader))

    assert found
    assert found[0].startswith(why)


def test_whatever_is_called_readable_is_read() -> None:
    judged = 0
    for (writer, values), (reader, _) in product(SAMPLES, SAMPLES):
        if events.compatibility.unreadable(writer=schema(writer), reader=schema(reader)):
            continue
        for value in values:
            TypeAdapter(reader).validate_json(json.dumps(value), strict=True)
            judged += 1

    assert judged > len(SAMPLES)
