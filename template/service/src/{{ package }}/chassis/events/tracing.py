# Sealed: an update replaces this file.
"""What is done for an event belongs to the trace and the request that it came from."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .. import context
from .envelope import Envelope

_SPEAKABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


@contextmanager
def following(envelope: Envelope) -> Iterator[None]:
    """Logs carry the ids of the request, the audit log names who caused it."""
    known = _TRACEPARENT.fullmatch(envelope.traceparent)
    correlation = envelope.correlation
    request = context.RequestContext(
        correlation if _SPEAKABLE.fullmatch(correlation) else context.new_id(128),
        known[1] if known else context.new_id(128),
        subject=(envelope.actor or envelope.source)[:255],
    )
    token = context.current.set(request)
    try:
        yield
    finally:
        context.current.reset(token)


@contextmanager
def span(envelope: Envelope) -> Iterator[None]:
    """What is done for the event, as a part of the trace that it comes from."""
    parent = TraceContextTextMapPropagator().extract({"traceparent": envelope.traceparent})
    tracer = trace.get_tracer(__name__)
    name = f"handle {envelope.type}"
    with (
        following(envelope),
        tracer.start_as_current_span(name, context=parent, kind=trace.SpanKind.CONSUMER),
    ):
        yield
