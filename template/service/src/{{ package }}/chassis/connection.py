# Sealed: an update replaces this file.
"""One HTTP connection: what the server leaves open to clients that mean harm."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

# An ASGI extension: the function that breaks the connection of a request.
ABORT = "connection.abort"
_LONGEST_HEAD = 65_536
_HEAD_SECONDS = 10.0
_LINGER_SECONDS = 5.0
_LINGER_BYTES = 8_000_000


class Ending:
    """The transport as those see it who close it once an answer is written."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write, self.is_closing = transport.write, transport.is_closing
        self.close = close


class Connection(HttpToolsProtocol):
    """Ends requests whose head is endless, in bytes or in time; lets a client half-close.

    A client that is refused while it sends can read why.
    """

    _unparsed = 0
    _head_began: float | None = None
    _watch: asyncio.TimerHandle | None = None
    _lingering: asyncio.TimerHandle | None = None
    _droppable = _LINGER_BYTES

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unanswered: list[RequestResponseCycle] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._transport, self._ending = transport, Ending(transport, self._end)
        self._head_began = self.loop.time()
        self._watch = self.loop.call_later(_HEAD_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if self._lingering is not None:
            self._lingering.cancel()
        # The server tells only the newest of several pipelined requests that nobody listens.
        for cycle in self._unanswered:
            cycle.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._lingering is not None:
            self._drop(data)
            return
        self._unparsed += len(data)
        super().data_received(data)
        if self._unparsed > _LONGEST_HEAD and not self._has_ended:
            self.send_400_response("Request head too long.")

    def send_400_response(self, msg: str) -> None:
        transport, self._droppable = self.transport, _LONGEST_HEAD
        self.transport = Ending(transport, self._linger)  # type: ignore[assignment]
        super().send_400_response(msg)
        self.transport = transport
        for cycle in self._unanswered:  # nothing may follow this answer
            cycle.disconnected = True
            cycle.message_event.set()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Stay open for the answer if the request is whole; then close."""
        waits = bool(self.cycle and not self.cycle.response_complete and not self.cycle.more_body)
        if waits:
            self.cycle.keep_alive = False
        return waits

    def on_message_begin(self) -> None:
        self._unparsed, self._head_began = 0, self.loop.time()
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: self.abort}  # type: ignore[dict-item]

    def on_headers_complete(self) -> None:
        self._unparsed, self._head_began = 0, None
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:  # it is, where the connection becomes a WebSocket
            waiting = [cycle for cycle in self._unanswered if not cycle.response_complete]
            self._unanswered = [*waiting, self.cycle]
            self.cycle.transport = self._ending  # type: ignore[assignment]

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        if self._lingering is not None:
            self.pipeline.clear()
        super().on_response_complete()

    def _end(self) -> None:
        if self.cycle.more_body:
            self._linger()
        else:
            self.transport.close()

    def _linger(self) -> None:
        """Close for a client that may still be sending, once it has the answer.

        To close with bytes unread makes a reset, which can overtake the answer. So the answer is
        ended, and what comes is dropped, within bounds, until the client closes (RFC 9112, 9.6).
        """
        if self._has_ended:
            return
        self._lingering = self.loop.call_later(_LINGER_SECONDS, self._transport.close)
        self.flow.resume_reading()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _drop(self, data: bytes) -> None:
        self._droppable -= len(data)
        if self._droppable < 0:
            self._transport.close()

    def shutdown(self) -> None:
        if self._lingering is None:
            super().shutdown()

    def abort(self) -> None:
        """End the connection with a reset, as a crash does; what was not sent yet is lost."""
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def handle_websocket_upgrade(self) -> None:
        if self._watch is not None:
            self._watch.cancel()  # another protocol has the connection from here on
        super().handle_websocket_upgrade()

    @property
    def _has_ended(self) -> bool:
        return self._lingering is not None or self._transport.is_closing()

    def _look(self) -> None:
        """One timer for a connection, not for each request: requests are many."""
        slow = self._head_began and self.loop.time() - self._head_began >= _HEAD_SECONDS
        if slow and all(cycle.response_complete for cycle in self._unanswered):
            self.transport.close()
        else:
            self._watch = self.loop.call_later(_HEAD_SECONDS, self._look)
