# Sealed: an update replaces this file.
"""One HTTP connection: what the server leaves open to clients that mean harm."""

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

# An ASGI extension: the function that breaks the connection of a request.
ABORT = "connection.abort"
_LONGEST_HEAD = 65_536
_HEAD_SECONDS = 10.0


class Connection(HttpToolsProtocol):
    """Ends requests whose head is endless, in bytes or in time; lets a client half-close."""

    _unparsed = 0
    _head_began: float | None = None
    _watch: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unanswered: list[RequestResponseCycle] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_began = self.loop.time()
        self._watch = self.loop.call_later(_HEAD_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        # The server tells only the newest of several pipelined requests that nobody listens.
        for cycle in self._unanswered:
            cycle.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unparsed += len(data)
        super().data_received(data)
        if self._unparsed > _LONGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("Request head too long.")

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

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        super().on_body(body)

    def abort(self) -> None:
        """End the connection with a reset, as a crash does; what was not sent yet is lost."""
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def handle_websocket_upgrade(self) -> None:
        if self._watch is not None:
            self._watch.cancel()  # another protocol has the connection from here on
        super().handle_websocket_upgrade()

    def _look(self) -> None:
        """One timer for a connection, not for each request: requests are many."""
        slow = self._head_began and self.loop.time() - self._head_began >= _HEAD_SECONDS
        if slow and all(cycle.response_complete for cycle in self._unanswered):
            self.transport.close()
        else:
            self._watch = self.loop.call_later(_HEAD_SECONDS, self._look)
