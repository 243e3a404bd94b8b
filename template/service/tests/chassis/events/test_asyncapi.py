# Sealed: an update replaces this file.
"""The AsyncAPI document; the template's own tests hold it against the official schema."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from ...conftest import events


class Part(BaseModel):
    size: int


class Built(events.Event, topic="builds", key="id"):
    """Something was built."""

    id: str
    parts: list[Part]


class Wanted(events.Event, topic="wishes", key="id", version=2):
    id: str


@pytest.fixture
def document() -> dict[str, Any]:
    contracts = [
        events.schemas.Contract(Built, told=True, received=False),
        events.schemas.Contract(Wanted, told=False, received=True),
    ]
    return events.asyncapi.document(contracts, title="builder", version="1.2")


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (node["$ref"] for _ in range("$ref" in node))
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def test_topics_are_channels_with_their_messages(document: dict[str, Any]) -> None:
    channels = document["channels"]

    assert {name: list(channel["messages"]) for name, channel in channels.items()} == {
        "builds": ["builds.Built.v1"],
        "wishes": ["wishes.Wanted.v2"],
    }


def test_what_is_told_is_sent_and_the_rest_received(document: dict[str, Any]) -> None:
    operations = document["operations"].values()

    assert [(each["action"], each["channel"]["$ref"]) for each in operations] == [
        ("send", "#/channels/builds"),
        ("receive", "#/channels/wishes"),
    ]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(references(document))

    assert "#/components/schemas/Part" in found
    for reference in found:
        node: Any = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
        assert node
