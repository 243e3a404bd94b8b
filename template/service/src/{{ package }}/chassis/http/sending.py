# Sealed: an update replaces this file.
"""One attempt of a call: to one instance, in bounded time and size."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import httpx2
import structlog

from ..discovery import Instance
from ..errors import DomainError
from . import deadline
from .clock import Clock
from .errors import BadGatewayError, UpstreamTimeoutError, UpstreamUnavailableError
from .guard import Guard
from .metrics import observe
from .retries import TransientError

log = structlog.get_logger()

_TRANSIENT = frozenset({502, 503, 504})
_LONGEST_PAUSE = 5.0


class TooLargeError(Exception):
    """The answer has more bytes than we hold in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    method: str = field(kw_only=False)
    path: str = field(kw_only=False)
    params: Mapping[str, Any] | None
    json: Any
    headers: Mapping[str, str]
    ends: float
    repeatable: bool
    tried: list[Instance] = field(default_factory=list)


async def send(
    call: Call, guard: Guard, client: httpx2.AsyncClient, clock: Clock
) -> httpx2.Response:
    """Raises TransientError where another attempt may help, else what our caller is told."""
    left = call.ends - clock.now()
    if left <= 0:
        raise UpstreamTimeoutError("there was no time left for a service that this needs")
    seconds = min(left, guard.limits.attempt_seconds)
    async with guard.attempt(avoid=call.tried) as attempt:
        call.tried.append(attempt.instance)
        if left < guard.limits.attempt_seconds:
            attempt.undecided()  # if it is late now, our caller's patience was short
        try:
            response = await _watched(call, attempt.instance, client, guard, seconds)
        except (TimeoutError, httpx2.HTTPError, TooLargeError) as error:
            if not isinstance(error, TimeoutError):
                attempt.failed()
            raise _meaning(error, call) from None
        if response.status_code >= 500:
            attempt.failed()
    if response.status_code >= 500:
        raise _refusal(response, call)
    return response


async def _watched(
    call: Call, instance: Instance, client: httpx2.AsyncClient, guard: Guard, seconds: float
) -> httpx2.Response:
    started, outcome = perf_counter(), "cancelled"
    try:
        async with asyncio.timeout(seconds):
            response = await _exchange(call, instance, client, guard, seconds)
        outcome = str(response.status_code)
    except Exception as error:
        outcome = type(error).__name__
        raise
    finally:
        observe(guard.name, call.method, outcome, perf_counter() - started)
        _tell(guard.name, call, instance, outcome)
    return response


async def _exchange(
    call: Call, instance: Instance, client: httpx2.AsyncClient, guard: Guard, seconds: float
) -> httpx2.Response:
    request = client.build_request(
        call.method,
        instance.url + call.path,
        params=call.params,
        json=call.json,
        headers={"host": instance.authority, **call.headers, **deadline.outgoing(seconds)},
        extensions={"sni_hostname": instance.name or instance.host},
    )
    response = await client.send(request, stream=True)
    try:
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > guard.limits.max_bytes:
                raise TooLargeError
    finally:
        await response.aclose()
    headers = [pair for pair in response.headers.raw if pair[0].lower() not in _DECODED]
    return httpx2.Response(
        response.status_code, headers=headers, content=bytes(content), request=request
    )


_DECODED = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


def _meaning(error: Exception, call: Call) -> Exception:
    meant: DomainError
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        meant = UpstreamTimeoutError("a service that this needs took too long")
    elif isinstance(error, httpx2.ConnectError):
        return TransientError(UpstreamUnavailableError("a service that this needs is away"))
    else:
        meant = BadGatewayError("a service that this needs broke off")
    if isinstance(error, TooLargeError | httpx2.DecodingError) or not call.repeatable:
        return meant
    return TransientError(meant)


def _refusal(response: httpx2.Response, call: Call) -> Exception:
    status, after = response.status_code, _after(response)
    meant: DomainError = BadGatewayError("a service that this needs failed")
    if status == 503:
        meant = UpstreamUnavailableError("a service that this needs is not ready", after=after)
    elif status == 504:
        meant = UpstreamTimeoutError("a service that this needs took too long")
    if status in _TRANSIENT and call.repeatable:
        return TransientError(meant, after=min(after, _LONGEST_PAUSE))
    return meant


def _after(response: httpx2.Response) -> float:
    told = response.headers.get("retry-after", "")
    return float(told) if told.isdigit() and len(told) < 6 else 0.0


def _tell(upstream: str, call: Call, instance: Instance, outcome: str) -> None:
    bad = not outcome.isdigit() or outcome >= "500"
    level = log.warning if bad and outcome != "cancelled" else log.debug
    level(
        "call",
        upstream=upstream,
        instance=instance.url,
        method=call.method,
        path=call.path[:200],
        attempt=len(call.tried),
        outcome=outcome,
    )
