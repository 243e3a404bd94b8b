# Sealed: an update replaces this file.
"""What goes out: the headers that every answer has, and one shape for all errors."""

import asyncio
import re
from collections.abc import Iterable

from starlette.types import Message, Scope, Send

from . import cors, lifecycle, problems
from .context import RequestContext

Header = tuple[bytes, bytes]

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
_PAGE = re.compile(r"/(docs|static-offline-docs)(/|$)")
_CLOSE = (b"connection", b"close")
_PROBLEM = (b"content-type", problems.MEDIA_TYPE.encode())


class Reply:
    """Wraps `send`: adds the headers, and gives plain-text errors the shape of the others.

    An answer of another server, whose start is marked `foreign`, keeps the headers that it has.
    """

    def __init__(
        self, scope: Scope, send: Send, request: RequestContext, *, origins: tuple[str, ...]
    ) -> None:
        self._scope, self._send = scope, send
        self.request = request
        self._origins = origins
        # Kept connections move on before the end.
        self._always = (_CLOSE,) if lifecycle.of(scope["app"]).draining else ()
        self._headers = (*(_PAGES if _PAGE.match(scope["path"]) else _API), *self._always)
        self._request_id = (b"x-request-id", request.request_id.encode())
        self._replaced = False
        self.started = False
        self.status = 500
        self.deadline: asyncio.Timeout

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.deadline.reschedule(None)
            self.status = message["status"]
            foreign = message.pop("foreign", False)
            if self.status >= 400 and not foreign and _is_plain_text(message):
                self._replaced = True
                await self._problem(self.status)
                return
            self.started = True
            headers = message.get("headers", ())
            wanted = self._always if foreign else self._headers
            message["headers"] = [*headers, self._request_id, *_missing(wanted, headers)]
        elif self._replaced:
            return
        await self._send(message)

    async def fail(self, status: int, *, detail: str | None = None, close: bool = False) -> None:
        """Answer with a problem, unless the answer has begun: then the connection must break."""
        if self.started:
            raise ConnectionAbortedError("the answer had begun")
        await self._problem(status, detail=detail, close=close)

    async def _problem(
        self, status: int, *, detail: str | None = None, close: bool = False
    ) -> None:
        self.status, self.started = status, True
        body = problems.render(status, detail=detail)
        length = (b"content-length", str(len(body)).encode())
        closing = [_CLOSE] if close else []
        around = (*self._headers, *cors.headers(self._scope, self._origins), *closing)
        headers = [_PROBLEM, length, self._request_id, *around]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _missing(wanted: Iterable[Header], headers: Iterable[Header]) -> list[Header]:
    present = {name for name, _ in headers}
    return [header for header in wanted if header[0] not in present]


def _is_plain_text(message: Message) -> bool:
    return any(
        name == b"content-type" and value.startswith(b"text/plain")
        for name, value in message.get("headers", ())
    )
