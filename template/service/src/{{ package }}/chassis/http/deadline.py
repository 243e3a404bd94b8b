# Sealed: an update replaces this file.
"""What a request brings along for the calls that it causes: time left, trace and token.

`X-Request-Deadline-Ms` says how many milliseconds the caller will still wait.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic

from opentelemetry import propagate, trace
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import context

HEADER = "x-request-deadline-ms"
_CARRIED = {b"traceparent": "traceparent", b"tracestate": "tracestate"}
_LONGEST_STATE = 512  # as W3C Trace Context asks everyone to pass on


@dataclass(frozen=True, slots=True)
class Inbound:
    """Of the request in hand; `ends` is on the monotonic clock, `token` may be unverified."""

    ends: float = float("inf")
    token: str = ""
    trace: Mapping[str, str] = field(default_factory=dict)


current: ContextVar[Inbound] = ContextVar("inbound", default=Inbound())  # noqa: B039 - frozen


class Deadlines:
    """ASGI middleware: bounds the request by its caller's patience, and remembers the rest."""

    def __init__(
        self, app: ASGIApp, *, seconds: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self._app, self._seconds, self._clock = app, seconds, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        reset = current.set(self._read(scope["headers"]))
        try:
            await self._app(scope, receive, send)
        finally:
            current.reset(reset)

    def _read(self, headers: list[tuple[bytes, bytes]]) -> Inbound:
        seconds, token, carried = self._seconds, "", {}
        for name, value in headers:
            if name == HEADER.encode() and value.isdigit() and len(value) < 10:
                seconds = min(seconds, int(value) / 1000)
            elif name == b"authorization" and value[:7].lower() == b"bearer ":
                token = value[7:].decode("latin-1").strip()
            elif name in _CARRIED and len(value) <= _LONGEST_STATE:
                carried[_CARRIED[name]] = value.decode("latin-1")
        return Inbound(self._clock() + seconds, token, carried)


def remaining(clock: Callable[[], float] = monotonic) -> float:
    """Seconds until the request in hand must be answered; infinite where there is none."""
    return current.get().ends - clock()


def ends_in(seconds: float, clock: Callable[[], float] = monotonic) -> float:
    """A point in time, as `Inbound.ends` has it."""
    return clock() + seconds


def outgoing(seconds: float) -> dict[str, str]:
    """The headers that a call passes on."""
    headers = {HEADER: str(max(1, int(seconds * 1000)))}
    request = context.current.get()
    if request is not None:
        headers["x-request-id"] = request.request_id
    if trace.get_current_span().get_span_context().is_valid:
        propagate.inject(headers)
    elif carried := current.get().trace:
        headers.update(carried)  # nobody records here: the caller's stays as it is
    elif request is not None:
        headers["traceparent"] = f"00-{request.trace_id}-{context.new_id(64)}-00"
    return headers
