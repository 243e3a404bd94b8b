"""Faults on request: what a network and a provider in trouble do to their callers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ..chassis.connection import ABORT
from ..chassis.context import current

_PIECES = 20


class Fault(BaseModel):
    """Several may be combined: latency comes first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    latency: float = Field(0, ge=0, description="Seconds before the answer.")
    status: int | None = Field(None, ge=400, le=599)
    timeout: bool = False
    reset: bool = False
    malformed: bool = False
    slow_body: float = Field(0, ge=0, description="Seconds that the body takes.")


class FaultRule(BaseModel):
    """A fault for some of the calls; of several rules the first that fits counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: str | None = None
    fault: Fault
    probability: float = Field(1.0, gt=0, le=1)
    times: int | None = Field(None, ge=1)


def parsed(header: str) -> Fault:
    """`reset`, `timeout`, `malformed`, `status=503`, `latency=1.5`, `slow-body=3`; by commas."""
    said: dict[str, Any] = {}
    for part in filter(None, (each.strip() for each in header.split(","))):
        name, separator, value = part.partition("=")
        said[name.strip().replace("-", "_")] = value.strip() if separator else True
    return Fault.model_validate(said)


async def wait(seconds: float) -> None:
    """As long as that; the deadline of requests is no concern of a delay that was asked for."""
    request = current.get()
    if request is not None and request.deadline is not None:
        request.deadline.reschedule(None)
    await asyncio.sleep(seconds)


def broken(response: Response, fault: Fault, *, longest: float) -> Response:
    """The answer as the fault leaves it."""
    if fault.reset:
        return _Reset()
    if fault.timeout:
        return _Silence(longest)
    if fault.malformed:
        body = bytes(response.body)
        response.body = body[: max(1, len(body) * 2 // 3)] if body else b"{"
        response.headers["content-length"] = str(len(response.body))
    if fault.slow_body:
        return _slowly(response, min(fault.slow_body, longest))
    return response


class _Silence(Response):
    """No answer; the connection stays open until the caller leaves."""

    def __init__(self, seconds: float) -> None:
        super().__init__(status_code=504)
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await wait(0)
        try:
            async with asyncio.timeout(self._seconds):
                await _gone(receive)
        except TimeoutError:
            await super().__call__(scope, receive, send)


class _Reset(Response):
    """The connection is torn down; where the server cannot do that, the answer is 503."""

    def __init__(self) -> None:
        super().__init__(status_code=503)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        abort = scope.get("extensions", {}).get(ABORT)
        if abort is None:
            await super().__call__(scope, receive, send)
            return
        abort()
        await _gone(receive)


async def _gone(receive: Receive) -> None:
    """Until the caller has left."""
    message = await receive()
    while message["type"] != "http.disconnect":
        message = await receive()


def _slowly(response: Response, seconds: float) -> Response:
    body = bytes(response.body)
    size = max(1, -(-len(body) // _PIECES))
    pieces = [body[start : start + size] for start in range(0, len(body), size)]

    async def trickle() -> AsyncIterator[bytes]:
        for piece in pieces:
            await asyncio.sleep(seconds / len(pieces))
            yield piece

    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    headers["content-length"] = str(len(body))
    return StreamingResponse(trickle(), response.status_code, headers)
