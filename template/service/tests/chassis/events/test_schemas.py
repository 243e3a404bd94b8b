# Sealed: an update replaces this file.
"""The folder of schemas: what it lets pass, and what it holds against the code."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from ...conftest import events

Contract = events.schemas.Contract


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Thing(events.Event, topic="things", key="id"):
    id: str
    name: str
    colour: Colour
    note: str | None = None


@pytest.fixture
def told(tmp_path: Path) -> Contract:
    contract = Contract(Thing, told=True, received=False)
    events.schemas.write([contract], tmp_path)
    return contract


@pytest.fixture
def received(tmp_path: Path) -> Contract:
    contract = Contract(Thing, told=False, received=True)
    events.schemas.write([contract], tmp_path)
    return contract


def published(folder: Path, contract: Contract) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / contract.file).read_text())
    return found


def change(folder: Path, contract: Contract, **properties: Any) -> None:
    """As if the folder were from before: None takes a property out of it."""
    before = published(folder, contract)
    for name, schema in properties.items():
        before["properties"][name] = schema
        if schema is None:
            del before["properties"][name]
            before["required"] = [each for each in before["required"] if each != name]
        elif name not in Thing.model_fields:
            before["required"].append(name)
    (folder / contract.file).write_text(json.dumps(before))


def problems(folder: Path, contract: Contract) -> list[str]:
    found = events.schemas.findings([contract], folder)
    return [finding.problem for finding in found if not finding.harmless]


def test_what_was_just_written_is_true(tmp_path: Path, told: Contract) -> None:
    assert list(events.schemas.findings([told], tmp_path)) == []


def test_who_tells_an_event_writes_all_of_its_fields(tmp_path: Path, told: Contract) -> None:
    assert published(tmp_path, told)["required"] == ["id", "name", "colour", "note"]


def test_who_receives_an_event_needs_what_has_no_default(
    tmp_path: Path, received: Contract
) -> None:
    assert published(tmp_path, received)["required"] == ["id", "name", "colour"]


def test_an_event_that_is_told_may_say_more_than_before(tmp_path: Path, told: Contract) -> None:
    change(tmp_path, told, note=None, name=None)

    [finding] = events.schemas.findings([told], tmp_path)

    assert finding.harmless
    assert events.schemas.write([told], tmp_path) == [told.file]
    assert list(events.schemas.findings([told], tmp_path)) == []


def test_an_event_that_is_told_may_not_say_less(tmp_path: Path, told: Contract) -> None:
    change(tmp_path, told, age={"type": "integer"})

    assert problems(tmp_path, told) == [
        "`data.age` must be there for the reader, and need not be written"
    ]


def test_an_event_that_is_told_may_not_say_it_otherwise(tmp_path: Path, told: Contract) -> None:
    change(tmp_path, told, name={"type": "integer"})

    assert problems(tmp_path, told) == ["`data.name` is written as string, and read as integer"]


def test_an_event_that_is_told_has_no_new_values(tmp_path: Path, told: Contract) -> None:
    change(tmp_path, told, colour={"enum": ["red"], "type": "string"})

    assert problems(tmp_path, told) == ["`data.colour` may be `blue`, and is read as `red`"]


def test_an_event_that_is_received_may_be_read_less_of(tmp_path: Path, received: Contract) -> None:
    change(tmp_path, received, age={"type": "integer"})

    assert problems(tmp_path, received) == []


def test_an_event_that_is_received_may_not_need_more(tmp_path: Path, received: Contract) -> None:
    change(tmp_path, received, name=None)

    assert problems(tmp_path, received) == [
        "`data.name` must be there for the reader, and need not be written"
    ]


def test_an_event_that_is_received_may_be_asked_for_what_may_be_missing(
    tmp_path: Path, received: Contract
) -> None:
    change(tmp_path, received, note=None)

    assert problems(tmp_path, received) == []


def test_what_breaks_a_promise_is_not_written(tmp_path: Path, told: Contract) -> None:
    change(tmp_path, told, name={"type": "integer"})
    before = published(tmp_path, told)

    written = events.schemas.write([told], tmp_path)

    assert written == []
    assert published(tmp_path, told) == before


def test_a_service_may_handle_what_it_tells(tmp_path: Path, told: Contract) -> None:
    both = Contract(Thing, told=True, received=True)
    change(tmp_path, told, note=None)

    assert problems(tmp_path, both) == []


def test_an_event_that_nobody_declares_any_more_is_told_as_such(
    tmp_path: Path, told: Contract
) -> None:
    [finding] = events.schemas.findings([], tmp_path)

    assert finding.file == told.file
    assert "the code declares no such event" in finding.problem


def next_version(number: int, *upcast: int) -> type[events.Event]:
    class Thing(events.Event, topic="things", key="id", version=number):
        id: str

    for each in upcast:
        Thing.upcast(each)(dict)
    return Thing


def test_a_new_version_may_say_anything(tmp_path: Path, told: Contract) -> None:
    second = Contract(next_version(2), told=True, received=False)

    events.schemas.write([second], tmp_path)

    assert list(events.schemas.findings([second], tmp_path)) == []
    assert (tmp_path / told.file).exists()


@pytest.mark.parametrize(
    ("upcasts", "missing"), [((), ["1, 2"]), ((2,), ["1"]), ((1,), ["2"]), ((1, 2), [])]
)
def test_who_receives_a_new_version_reads_the_older_ones(
    tmp_path: Path, received: Contract, upcasts: tuple[int, ...], missing: list[str]
) -> None:
    assert received
    third = Contract(next_version(3, *upcasts), told=False, received=True)
    events.schemas.write([third], tmp_path)

    found = problems(tmp_path, third)

    told = "it is no longer read: there is no `upcast` from version {}"
    assert found == [told.format(each) for each in missing]


def test_a_version_does_not_go_back(tmp_path: Path, told: Contract) -> None:
    second = Contract(next_version(2), told=True, received=False)
    events.schemas.write([second], tmp_path)

    assert problems(tmp_path, told) == ["the code is back at version 1"]
