# Sealed: an update replaces this file.
"""Traces reach an OpenTelemetry collector."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ..conftest import PROBE, Live
from .servers import Collector, serving

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with serving(Collector()) as server:
        yield server


def spans_of(collector: Collector) -> list[Any]:
    requests = map(ExportTraceServiceRequest.FromString, collector.received)
    found = [
        span
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    return sorted(found, key=lambda span: span.start_time_unix_nano)


def test_a_request_is_one_span_under_the_trace_of_its_caller(
    collector: Collector, launch: Callable[..., Live]
) -> None:
    live = launch(otlp_endpoint=f"http://127.0.0.1:{collector.server_port}")

    parent = f"00-{TRACE}-00f067aa0ba902b7-01"
    httpx2.get(live.url + PROBE, headers={"traceparent": parent})
    httpx2.get(live.url + PROBE)
    httpx2.get(f"{live.url}/livez")
    live.stop()

    spans = spans_of(collector)
    assert [span.name for span in spans] == [f"GET {PROBE}", f"GET {PROBE}"]
    assert spans[0].trace_id.hex() == TRACE
    logged = live.log.read_text()
    assert f'"trace_id":"{spans[1].trace_id.hex()}"' in logged
