# Sealed: an update replaces this file.
"""Traces reach an OpenTelemetry collector."""

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ..conftest import Live

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.spans: list[Any] = []


class Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.server.spans += scope.spans
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_request_is_one_span_under_the_trace_of_its_caller(
    collector: Collector, launch: Callable[..., Live]
) -> None:
    live = launch(otlp_endpoint=f"http://127.0.0.1:{collector.server_port}")

    parent = f"00-{TRACE}-00f067aa0ba902b7-01"
    httpx2.get(f"{live.url}/orders", headers={"traceparent": parent})
    httpx2.get(f"{live.url}/orders")
    httpx2.get(f"{live.url}/livez")
    live.stop()

    spans = sorted(collector.spans, key=lambda span: span.start_time_unix_nano)
    assert [span.name for span in spans] == ["GET /orders", "GET /orders"]
    assert spans[0].trace_id.hex() == TRACE
    logged = live.log.read_text()
    assert f'"trace_id":"{spans[1].trace_id.hex()}"' in logged
