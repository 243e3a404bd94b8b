# Sealed: an update replaces this file.
"""The envelope of events: CloudEvents 1.0 in JSON, with the trace they belong to."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
from opentelemetry import trace

from .. import context
from .event import Event, UnreadableEventError

MEDIA_TYPE = "application/cloudevents+json"
# The distribution is called like the package.
SOURCE = "/" + __name__.partition(".")[0].replace("_", "-")
LONGEST_ID = 200
_UNKNOWN = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """`subject` is the key of the event; `actor` is who caused it, where that is known."""

    id: str
    source: str
    topic: str
    name: str
    version: int
    subject: str
    time: datetime
    traceparent: str
    correlation: str
    actor: str | None
    data: dict[str, Any]

    @property
    def type(self) -> str:
        return f"{self.topic}.{self.name}.v{self.version}"

    @property
    def identity(self) -> str:
        """Ids of CloudEvents are unique for their source only."""
        both = f"{self.source} {self.id}"
        return both if len(both) <= LONGEST_ID else sha256(both.encode()).hexdigest()


def encode(event: Event, *, event_id: str, at: datetime) -> bytes:
    """The extensions are CloudEvents' own: tracing, correlation and auth context."""
    request = context.current.get()
    kind = event.event_kind
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": kind.type,
        "subject": event.event_key,
        "time": at,
        "datacontenttype": "application/json",
        "dataschema": f"urn:events:{kind.type}",
        "traceparent": _traceparent(request),
        "correlationid": request.request_id if request else event_id,
    }
    if request and request.subject:
        attributes |= {"authtype": "unknown", "authid": request.subject}
    attributes["data"] = event.model_dump(mode="json")
    return orjson.dumps(attributes)


def decode(body: bytes) -> Envelope:
    """Raises UnreadableEventError."""
    try:
        found = orjson.loads(body)
        topic, name, version = str(found["type"]).rsplit(".", 2)
        time = datetime.fromisoformat(found["time"]) if "time" in found else _UNKNOWN
        fits = isinstance(found["id"], str) and 0 < len(found["id"]) <= LONGEST_ID
        if not fits or time.tzinfo is None or not version.startswith("v"):
            raise ValueError
        actor = found.get("authid")
        return Envelope(
            id=found["id"],
            source=str(found["source"]),
            topic=topic,
            name=name,
            version=int(version[1:]),
            subject=str(found.get("subject", "")),
            time=time,
            traceparent=str(found.get("traceparent", "")),
            correlation=str(found.get("correlationid", found["id"])),
            actor=None if actor is None else str(actor),
            data=dict(found["data"]),
        )
    except (ValueError, KeyError, TypeError):
        raise UnreadableEventError("this is not a CloudEvent of ours") from None


def _traceparent(request: context.RequestContext | None) -> str:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        ids = trace.format_trace_id(span.trace_id), trace.format_span_id(span.span_id)
        return f"00-{ids[0]}-{ids[1]}-{span.trace_flags:02x}"
    trace_id = request.trace_id if request else context.new_id(128)
    return f"00-{trace_id}-{context.new_id(64)}-00"
