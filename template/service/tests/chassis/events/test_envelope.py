# Sealed: an update replaces this file.
"""What goes over the wire is a CloudEvent, and older versions are read."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest

from ...conftest import context, events
from .sample import SampleMade

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)


class PriceSet(events.Event, topic="prices", version=3, key="sku"):
    sku: str
    cents: int
    currency: str


@PriceSet.upcast(1)
def _into_cents(data: dict[str, Any]) -> dict[str, Any]:
    return {"sku": data["sku"], "cents": data["euros"] * 100}


@PriceSet.upcast(2)
def _with_currency(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "currency": "EUR"}


def test_an_event_is_a_cloud_event() -> None:
    made = SampleMade(sample_id=uuid4(), number=7)

    wire = orjson.loads(events.envelope.encode(made, event_id="e-1", at=AT))

    assert wire["specversion"] == "1.0"
    assert wire["type"] == "samples.SampleMade.v1"
    assert wire["subject"] == str(made.sample_id)
    assert wire["source"].startswith("/")
    assert wire["time"] == "2026-11-28T12:00:00+00:00"
    assert wire["data"] == {"sample_id": str(made.sample_id), "number": 7}


def test_it_carries_the_trace_and_the_request_that_it_came_from() -> None:
    request = context.RequestContext("request-1", "4bf92f3577b34da6a3ce929d0e0e4736", "alice")
    token = context.current.set(request)

    body = events.envelope.encode(SampleMade(sample_id=uuid4()), event_id="e-1", at=AT)

    context.current.reset(token)
    read = events.envelope.decode(body)
    assert read.traceparent.split("-")[1] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert (read.correlation, read.actor) == ("request-1", "alice")


@pytest.mark.parametrize(
    ("version", "data"),
    [
        (1, {"sku": "TEA", "euros": 4}),
        (2, {"sku": "TEA", "cents": 400}),
        (3, {"sku": "TEA", "cents": 400, "currency": "EUR", "of later": "ignored"}),
    ],
)
def test_every_older_version_is_read(version: int, data: dict[str, Any]) -> None:
    read = PriceSet.read(version, data)

    assert read == PriceSet(sku="TEA", cents=400, currency="EUR")


def test_a_newer_version_is_told_as_such() -> None:
    with pytest.raises(events.UnreadableEventError, match="version 4 of `PriceSet` is not known"):
        PriceSet.read(4, {})


def test_wrong_data_are_told_without_their_values() -> None:
    with pytest.raises(events.UnreadableEventError) as told:
        PriceSet.read(3, {"sku": "TEA", "cents": "hunter2", "currency": "EUR"})

    assert "at cents" in str(told.value)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"type": "prices.PriceSet.v1"}',
        b'{"id": "1", "source": "/s", "type": "PriceSet", "data": {}}',
        b'{"id": "1", "source": "/s", "type": "prices.PriceSet.x1", "data": {}}',
        b'{"id": 1, "source": "/s", "type": "prices.PriceSet.v1", "data": {}}',
        b'{"id": "1", "source": "/s", "type": "prices.PriceSet.v1", "data": 5}',
        b'{"id": "1", "source": "/s", "type": "p.P.v1", "time": "2026-11-28T12:00", "data": {}}',
        b'{"id": [1], "source": "/s", "type": "prices.PriceSet.v1", "data": {}}',
    ],
)
def test_what_is_no_cloud_event_is_refused(body: bytes) -> None:
    with pytest.raises(events.UnreadableEventError):
        events.envelope.decode(body)
