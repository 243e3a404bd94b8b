"""One pass around every request: identity, deadline, headers, metrics, access line.

A single ASGI middleware, because each further layer costs every request again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

import structlog
from fastapi import FastAPI
from pydantic import Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import problems
from .config import CoreSettings
from .context import RequestContext, begin, current
from .metrics import IN_FLIGHT, observe

log = structlog.get_logger("access")

_QUIET = frozenset({"/livez", "/readyz", "/startupz", "/metrics"})
_COMMON = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"strict-transport-security", b"max-age=31536000"),
)
_API = (
    *_COMMON,
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_PAGES = (
    *_COMMON,
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
        b" img-src 'self' data:; frame-ancestors 'none'",
    ),
)
_PROBLEM = (b"content-type", problems.MEDIA_TYPE.encode())


class EdgeSettings(CoreSettings):
    request_seconds: float = Field(
        15.0, gt=0, le=3600, description="Deadline for the start of an answer; then 504."
    )


@dataclass(slots=True)
class Crashes:
    """Who wants to hear of exceptions that nobody handled."""

    listeners: list[Callable[[Exception], object]] = field(default_factory=list)


def install(app: FastAPI, settings: EdgeSettings) -> None:
    app.state.crashes = Crashes()
    app.add_middleware(Edge, seconds=settings.request_seconds, crashes=app.state.crashes)


class Edge:
    def __init__(self, app: ASGIApp, *, seconds: float, crashes: Crashes) -> None:
        self._app = app
        self._seconds = seconds
        self._crashes = crashes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = begin(scope["headers"])
        reset = current.set(request)
        started = perf_counter()
        answer = _Answer(scope, send, request)
        IN_FLIGHT.inc()
        try:
            await self._within_deadline(scope, receive, answer)
        finally:
            IN_FLIGHT.dec()
            _record(scope, request, answer.status, perf_counter() - started)
            current.reset(reset)

    async def _within_deadline(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            async with asyncio.timeout(self._seconds) as answer.deadline:
                await self._app(scope, receive, answer.send)
        except TimeoutError as error:
            if not answer.deadline.expired():
                await self._crashed(error, answer)
            else:
                log.warning("deadline_exceeded", seconds=self._seconds)
                await answer.fail(504, detail="the answer took longer than it may")
        except Exception as error:  # noqa: BLE001 - the last line of defence
            await self._crashed(error, answer)

    async def _crashed(self, error: Exception, answer: "_Answer") -> None:
        log.error("unhandled_exception", exc_info=error)
        for listener in self._crashes.listeners:
            listener(error)
        await answer.fail(500)


class _Answer:
    """Wraps `send`: adds the headers, and gives plain-text errors the shape of the others."""

    def __init__(self, scope: Scope, send: Send, request: RequestContext) -> None:
        self._send = send
        self._headers = _PAGES if scope["path"].startswith(("/docs", "/static-offline")) else _API
        self._request_id = (b"x-request-id", request.request_id.encode())
        self._replaced = False
        self.started = False
        self.status = 500
        self.deadline: asyncio.Timeout

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.deadline.reschedule(None)
            self.status = message["status"]
            if self.status >= 400 and _is_plain_text(message):
                self._replaced = True
                await self._problem(self.status)
                return
            self.started = True
            headers = message.get("headers", ())
            message["headers"] = [*headers, self._request_id, *self._missing(headers)]
        elif self._replaced:
            return
        await self._send(message)

    def _missing(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        present = {name for name, _ in headers}
        return [header for header in self._headers if header[0] not in present]

    async def fail(self, status: int, *, detail: str | None = None) -> None:
        """Answer with a problem, unless the answer has begun: then the connection must break."""
        if self.started:
            raise ConnectionAbortedError("the answer had begun")
        await self._problem(status, detail=detail)

    async def _problem(self, status: int, *, detail: str | None = None) -> None:
        self.status, self.started = status, True
        body = problems.render(status, detail=detail)
        length = (b"content-length", str(len(body)).encode())
        headers = [_PROBLEM, length, self._request_id, *self._headers]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _is_plain_text(message: Message) -> bool:
    return any(
        name == b"content-type" and value.startswith(b"text/plain")
        for name, value in message.get("headers", ())
    )


def _record(scope: Scope, request: RequestContext, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", None)
    observe(scope["method"], route, status, seconds)
    path = scope["path"]
    if path in _QUIET and status < 400:
        return
    log.info(
        "request",
        method=scope["method"],
        path=path[:200],
        route=route,
        status=status,
        ms=round(seconds * 1000, 2),
        subject=request.subject,
    )
