# Sealed: an update replaces this file.
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
from starlette.types import ASGIApp, Receive, Scope, Send

from .context import RequestContext, begin, current
from .cors import CorsSettings
from .health import PROBES
from .limits import TOO_LARGE, TOO_SLOW, BodyLimit, Terms, announces_more
from .metrics import IN_FLIGHT, observe
from .reply import Reply

log = structlog.get_logger("access")


class EdgeSettings(CorsSettings):
    request_seconds: float = Field(
        15.0,
        gt=0,
        le=3600,
        description="Deadline for the start of an answer; then 504, or 408 if the body is late.",
    )
    max_body_bytes: int = Field(
        256_000, ge=1024, description="The largest request body that is accepted; more is 413."
    )


@dataclass(slots=True)
class Crashes:
    """Who wants to hear of exceptions that nobody handled."""

    listeners: list[Callable[[Exception], object]] = field(default_factory=list)


def install(app: FastAPI, settings: EdgeSettings) -> None:
    app.state.crashes = Crashes()
    app.add_middleware(Edge, settings=settings, crashes=app.state.crashes)


class Edge:
    def __init__(self, app: ASGIApp, *, settings: EdgeSettings, crashes: Crashes) -> None:
        self._app = app
        self._terms = Terms(settings.request_seconds, settings.max_body_bytes)
        self._origins = settings.cors_origins
        self._crashes = crashes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = begin(scope["headers"])
        reset = current.set(request)
        started = perf_counter()
        terms: Terms = scope.get("terms", self._terms)
        reply = Reply(scope, send, request, origins=self._origins)
        IN_FLIGHT.inc()
        try:
            await self._within_deadline(scope, receive, reply, terms)
        finally:
            IN_FLIGHT.dec()
            _record(scope, request, reply.status, perf_counter() - started)
            current.reset(reset)

    async def _within_deadline(
        self, scope: Scope, receive: Receive, reply: Reply, terms: Terms
    ) -> None:
        body = BodyLimit(receive, terms.max_body_bytes)
        try:
            async with asyncio.timeout(terms.seconds) as reply.deadline:
                reply.request.deadline = reply.deadline
                if announces_more(scope, terms.max_body_bytes):
                    await reply.fail(TOO_LARGE, close=True)
                else:
                    await self._app(scope, body, reply.send)
        except TimeoutError as error:
            if reply.deadline.expired():
                await self._too_late(body, reply, terms)
            else:
                await self._crashed(error, reply)
        except Exception as error:  # noqa: BLE001 - the last line of defence
            await self._crashed(error, reply)

    async def _too_late(self, body: BodyLimit, reply: Reply, terms: Terms) -> None:
        if body.awaited:
            log.info("body_too_slow", seconds=terms.seconds)
            await reply.fail(TOO_SLOW, detail="the body came too slowly", close=True)
        else:
            log.warning("deadline_exceeded", seconds=terms.seconds)
            await reply.fail(504, detail="the answer took longer than it may")

    async def _crashed(self, error: Exception, reply: Reply) -> None:
        log.error("unhandled_exception", exc_info=error)
        try:
            for listener in self._crashes.listeners:
                listener(error)
        finally:
            await reply.fail(500)


def _record(scope: Scope, request: RequestContext, status: int, seconds: float) -> None:
    path = scope["path"]
    route = path if path in PROBES else getattr(scope.get("route"), "path", None)
    observe(scope["method"], route, status, seconds)
    if path in PROBES and status < 400:
        return
    log.info(
        "request",
        method=scope["method"],
        # What was refused may be an attack, or a secret in the wrong place: the route must do.
        path=None if 400 <= status < 500 else path[:200],
        route=route,
        status=status,
        ms=round(seconds * 1000, 2),
        subject=request.subject,
    )
