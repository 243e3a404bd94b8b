# Sealed: an update replaces this file.
"""A job belongs to the trace and the request that it came from."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .. import context
from .lease import Claim

_PROPAGATOR = TraceContextTextMapPropagator()


def origin() -> dict[str, str | None]:
    """What a new job keeps of the request in hand."""
    request = context.current.get()
    if request is None:
        return {"traceparent": None, "request_id": None}
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    unsampled = f"00-{request.trace_id}-{context.new_id(64)}-00"
    return {
        "traceparent": carrier.get("traceparent", unsampled if request.trace_id else None),
        "request_id": request.request_id or None,
    }


@contextmanager
def following(claim: Claim) -> Iterator[None]:
    """Logs carry the ids of the request, the audit log names the job."""
    parts = (claim.traceparent or "").split("-")
    request = context.RequestContext(
        claim.request_id or str(claim.id),
        parts[1] if len(parts) == 4 else context.new_id(128),
        subject=f"job:{claim.name}",
    )
    parent = _PROPAGATOR.extract({"traceparent": claim.traceparent or ""})
    token = context.current.set(request)
    try:
        with trace.get_tracer(__name__).start_as_current_span(
            f"job {claim.name}", context=parent, kind=trace.SpanKind.CONSUMER
        ):
            yield
    finally:
        context.current.reset(token)
