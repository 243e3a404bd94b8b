"""The body of a request: small ones are kept for another attempt, large ones stream through."""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import MappingProxyType

from starlette.exceptions import HTTPException
from starlette.types import Receive

from ..chassis.errors import DomainError

_KEPT_BYTES = 65_536
_SLOWEST = 8192  # bytes a second: a body that trickles must not hold a slot for ever


class RequestTimeoutError(DomainError):
    status = 408
    headers = MappingProxyType({"Connection": "close"})


class ContentTooLargeError(DomainError):
    status = 413
    headers = MappingProxyType({"Connection": "close"})


class ClientGoneError(Exception):
    """Nobody waits for an answer any more."""


class Upload:
    """`length` as the head told it; None where the body is chunked."""

    def __init__(self, receive: Receive, length: int | None, *, seconds: float) -> None:
        self._receive, self._seconds = receive, seconds
        self.whole = length == 0
        self.awaited = False
        self.begun = False
        self.failure: Exception | None = None
        self.kept: bytes | None = b"" if self.whole else None
        self._fits = length is not None and length <= _KEPT_BYTES

    async def prepare(self) -> None:
        """Raises RequestTimeoutError, ContentTooLargeError or ClientGoneError."""
        if self.whole or not self._fits:
            return
        chunks = []
        try:
            async with asyncio.timeout(self._seconds):
                while not self.whole:
                    chunks.append(await self._next())
        except TimeoutError:
            raise RequestTimeoutError("the body came too slowly") from None
        self.kept = b"".join(chunks)

    @property
    def repeatable(self) -> bool:
        return self.kept is not None or not self.begun

    def data(self, extend: Callable[[float], None]) -> bytes | AsyncIterator[bytes] | None:
        """What the client library sends; `extend` is told until when to wait for it."""
        if self.kept is not None:
            return self.kept or None
        return self._stream(extend)

    async def _stream(self, extend: Callable[[float], None]) -> AsyncIterator[bytes]:
        now = asyncio.get_running_loop().time
        self.begun, began, sent = True, now(), 0
        try:
            while not self.whole:
                chunk = await self._next()
                sent += len(chunk)
                patience = began + self._seconds + sent / _SLOWEST
                extend(
                    now() + self._seconds if self.whole else min(patience, now() + self._seconds)
                )
                if chunk:
                    yield chunk
        except (ClientGoneError, DomainError) as error:
            self.failure = error  # the client library tells only that there was one
            raise

    async def _next(self) -> bytes:
        self.awaited = True
        try:
            message = await self._receive()
        except HTTPException:
            raise ContentTooLargeError("the body is larger than it may be here") from None
        self.awaited = False
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        self.whole = not message.get("more_body", False)
        body: bytes = message.get("body", b"")
        return body
