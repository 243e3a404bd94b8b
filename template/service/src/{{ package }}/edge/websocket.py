"""WebSockets: both sides are opened, then messages pass until one of them closes."""

import asyncio
from time import perf_counter
from typing import Any

import aiohttp
import structlog
from multidict import CIMultiDict

from ..chassis import problems
from ..chassis.context import begin, current
from ..chassis.discovery import Instance
from ..chassis.http import CLOCK
from .failures import meaning, tell
from .gateway import Gateway
from .paths import BadRequestError
from .upstreams import Upstream
from .visit import Visit

log = structlog.get_logger("access")

_NORMAL, _AWAY, _TOO_LARGE, _LOST = 1000, 1001, 1009, 1011
_ABSENT = (1005, 1006)  # never on the wire
_PING_SECONDS = 20.0
_OURS = "sec-websocket-"


class RefusedError(Exception):
    """The upstream answered the handshake with another status."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


async def connect(gateway: Gateway, visit: Visit) -> None:
    """Raises DomainError as long as the handshake is not answered."""
    reset = current.set(begin(visit.scope["headers"]))
    started, code = perf_counter(), 0
    try:
        if not visit.route.part.websocket:
            raise BadRequestError("there is no WebSocket here")
        with gateway.admission:
            await gateway.admission.admit(visit)
            code = await _joined(gateway, visit, visit.route.upstream(CLOCK.chance()))
    except RefusedError as error:
        code = error.status
        await problems.answer(error.status)(visit.scope, visit.receive, visit.send)
    finally:
        seconds = round(perf_counter() - started, 3)
        caller = visit.caller.subject if visit.caller else None
        log.info("websocket", route=visit.route.path, code=code, seconds=seconds, subject=caller)
        current.reset(reset)


async def _joined(gateway: Gateway, visit: Visit, upstream: Upstream) -> int:
    headers = gateway.headers(visit, upstream)
    for name in [name for name in headers if name.lower().startswith(_OURS)]:
        headers.popall(name, None)
    async with upstream.guard.attempt() as attempt:
        try:
            async with asyncio.timeout(visit.route.part.timeout_seconds):
                socket = await _dial(gateway, visit, attempt.instance, headers)
        except aiohttp.WSServerHandshakeError as error:
            if error.status >= 500:
                attempt.failed()
            raise RefusedError(error.status if 400 <= error.status < 500 else 502) from None
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            tell(error, upstream.name, attempt.instance, 1)
            raise meaning(error) from None
        async with socket:
            await visit.send({"type": "websocket.accept", "subprotocol": socket.protocol})
            return await _pumped(visit, socket)


async def _dial(
    gateway: Gateway, visit: Visit, instance: Instance, headers: CIMultiDict[str]
) -> aiohttp.ClientWebSocketResponse:
    headers["Host"] = instance.authority
    return await gateway.session.ws_connect(
        instance.url + visit.target,
        headers=headers,
        protocols=visit.scope["subprotocols"],
        heartbeat=_PING_SECONDS,
        max_msg_size=visit.route.part.max_body_bytes,
        timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
    )


async def _pumped(visit: Visit, socket: aiohttp.ClientWebSocketResponse) -> int:
    """The code with which it was closed."""
    ways = [
        asyncio.create_task(_to_upstream(visit, socket)),
        asyncio.create_task(_to_client(visit, socket)),
    ]
    try:
        done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _to_upstream(visit: Visit, socket: aiohttp.ClientWebSocketResponse) -> int:
    while True:
        message = await visit.receive()
        if message["type"] == "websocket.disconnect":
            code: int = message.get("code") or _NORMAL
            await socket.close(code=_AWAY if code in _ABSENT else code)
            return code
        if message["type"] != "websocket.receive":
            continue
        data: str | bytes = message["bytes"] if message.get("text") is None else message["text"]
        if len(data) > visit.route.part.max_body_bytes:
            await visit.send({"type": "websocket.close", "code": _TOO_LARGE})
            return _TOO_LARGE
        await (socket.send_str(data) if isinstance(data, str) else socket.send_bytes(data))


async def _to_client(visit: Visit, socket: aiohttp.ClientWebSocketResponse) -> int:
    async for message in socket:
        key: Any = {aiohttp.WSMsgType.TEXT: "text", aiohttp.WSMsgType.BINARY: "bytes"}
        if message.type in key:
            await visit.send({"type": "websocket.send", key[message.type]: message.data})
    code = socket.close_code or _LOST
    code = _LOST if code in _ABSENT else code
    await visit.send({"type": "websocket.close", "code": code})
    return code
