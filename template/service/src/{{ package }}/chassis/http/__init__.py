# Sealed: an update replaces this file.
"""Calls to other services: discovery, deadlines, tokens, retries, circuit breaker, bulkhead."""

import logging

from fastapi import FastAPI

from .. import lifecycle
from ..discovery import parse
from . import balancer, breaker, bulkhead, deadline, retries, tokens
from .client import Client
from .clock import CLOCK, Clock
from .deadline import Deadlines, Inbound, current, remaining
from .errors import (
    BadGatewayError,
    BulkheadFullError,
    CircuitOpenError,
    NoInstanceError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from .guard import Attempt, Guard, Limits
from .settings import HttpSettings
from .shared_reads import Reading, SharedReads
from .tokens import Target, Tokens

__all__ = [
    "CLOCK",
    "Attempt",
    "BadGatewayError",
    "BulkheadFullError",
    "CircuitOpenError",
    "Client",
    "Clock",
    "Deadlines",
    "Guard",
    "HttpSettings",
    "Inbound",
    "Limits",
    "NoInstanceError",
    "Reading",
    "SharedReads",
    "Target",
    "Tokens",
    "UpstreamTimeoutError",
    "UpstreamUnavailableError",
    "balancer",
    "breaker",
    "bulkhead",
    "current",
    "deadline",
    "remaining",
    "retries",
    "tokens",
    "upstream",
]


def install(app: FastAPI, settings: HttpSettings) -> None:
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it tells whole URLs
    app.state.http = settings
    app.state.call_tokens = Tokens(settings)
    app.add_middleware(Deadlines, seconds=settings.request_seconds)


def upstream(
    app: FastAPI,
    name: str,
    address: str,
    *,
    audience: str = "",
    scope: str = "",
    limits: Limits | None = None,
    own: bool = False,
) -> Client:
    """A client that opens and closes with the application; `address` as in `discovery`.

    `audience` is what it expects as `aud` of a token, its `name` by default; `scope` what that
    allows, by default what the caller's does; `own` calls are in the name of this service.
    """
    settings: HttpSettings = app.state.http
    client = Client(
        name,
        parse(address, settings.lookup),
        limits=limits or settings.limits,
        tokens=_own_tokens(settings) if own else app.state.call_tokens,
        target=Target(audience or name, scope),
    )
    lifecycle.of(app).resources.append(lambda: client)
    return client


def _own_tokens(settings: HttpSettings) -> Tokens:
    kind = "none" if settings.call_tokens == "none" else "service"
    return Tokens(settings, kind=kind)
