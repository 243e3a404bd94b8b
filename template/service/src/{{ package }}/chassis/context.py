# Sealed: an update replaces this file.
"""What is known about the request in hand, for logs, audit and traces."""

import asyncio
import random
import re
from contextvars import ContextVar
from dataclasses import dataclass

from opentelemetry import trace

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(slots=True)
class RequestContext:
    request_id: str
    trace_id: str
    subject: str | None = None
    deadline: asyncio.Timeout | None = None


current: ContextVar[RequestContext | None] = ContextVar("request", default=None)


def begin(headers: list[tuple[bytes, bytes]]) -> RequestContext:
    """Take over the caller's request id and W3C trace id where they are well formed.

    Where traces are recorded, the span of the request knows the trace id.
    """
    request_id = trace_id = ""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(text := value.decode("latin-1")):
            request_id = text
        elif name == b"traceparent" and (match := _TRACEPARENT.fullmatch(value.decode("latin-1"))):
            trace_id = match[1]
    if (span := trace.get_current_span().get_span_context()).is_valid:
        trace_id = trace.format_trace_id(span.trace_id)
    return RequestContext(
        request_id or new_id(128),
        trace_id if trace_id.strip("0") else new_id(128),
    )


def new_id(bits: int) -> str:
    """In hexadecimal. It tells requests apart; that nobody can guess it is not promised."""
    return f"{random.getrandbits(bits):0{bits // 4}x}"
