# Sealed: an update replaces this file.
"""Calls to one upstream: balanced, bounded in time and number, repeated where that is safe."""

from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

import httpx2
from opentelemetry import trace

from ..discovery import Source
from . import deadline
from .clock import CLOCK, Clock
from .guard import Guard, Limits
from .retries import IDEMPOTENT, Retries
from .sending import Call, send
from .tokens import Target, Tokens

tracer = trace.get_tracer(__name__)


class Options(TypedDict, total=False):
    """Of a call. A `timeout` in seconds bounds the whole of it, beside the deadline.

    `idempotent` says of a POST or PATCH that it may be sent twice, because it carries a key.
    """

    params: Mapping[str, Any]
    json: Any
    headers: Mapping[str, str]
    timeout: float
    idempotent: bool


class Client:
    """One for each upstream; `async with` opens the connections and the discovery."""

    def __init__(
        self,
        name: str,
        source: Source,
        *,
        limits: Limits | None = None,
        tokens: Tokens | None = None,
        target: Target | None = None,
        clock: Clock = CLOCK,
    ) -> None:
        self.name = name
        self.guard = Guard(name, source, limits, clock=clock)
        self._tokens, self._target = tokens, target or Target(name)
        self._limits, self._clock = self.guard.limits, clock
        self._retries = Retries(
            name, retries=self._limits.retries, share=self._limits.retry_budget, clock=clock
        )
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(None, connect=self._limits.connect_seconds),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=64),
            # A cookie that one caller was given must never go out with the call of another.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        await self.guard.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.guard.__aexit__(kind, error, trace)
        await self._http.aclose()

    async def get(self, path: str, **options: Unpack[Options]) -> httpx2.Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, **options: Unpack[Options]) -> httpx2.Response:
        return await self.request("POST", path, **options)

    async def request(self, method: str, path: str, **options: Unpack[Options]) -> httpx2.Response:
        """The answer, with any status below 500.

        Raises UpstreamUnavailableError, UpstreamTimeoutError or BadGatewayError.
        """
        token = await self._tokens.get(self._target) if self._tokens else None
        own = {"authorization": f"Bearer {token}"} if token else {}
        call = Call(
            method,
            path,
            params=options.get("params"),
            json=options.get("json"),
            headers={**(options.get("headers") or {}), **own},
            ends=self._end(options.get("timeout")),
            repeatable=options.get("idempotent", method in IDEMPOTENT),
        )

        async def attempt() -> httpx2.Response:
            return await send(call, self.guard, self._http, self._clock)

        with tracer.start_as_current_span(f"{method} {self.name}", kind=trace.SpanKind.CLIENT):
            return await self._retries.run(attempt, left=lambda: call.ends - self._clock.now())

    def _end(self, timeout: float | None) -> float:
        seconds = self._limits.timeout_seconds if timeout is None else timeout
        return self._clock.now() + min(seconds, deadline.remaining())
