# Sealed: an update replaces this file.
"""Upstreams that behave as told, on real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Behaviour = Callable[["Server", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """Answers each request by its behaviour; `heads` has what came in."""

    behaviour: Behaviour
    port: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    open: int = 0
    most_open: int = 0
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def header(self, name: str) -> str | None:
        """Of the newest request."""
        return _header(self.heads[-1], name)

    async def has(self, requests: int) -> None:
        while len(self.heads) < requests:  # noqa: ASYNC110 - sockets, not our own doing
            await asyncio.sleep(0.001)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = _header(head, "content-length") or "0"
                self.bodies.append(await reader.readexactly(int(length)))
                self.heads.append(head)
                self.open += 1
                self.most_open = max(self.most_open, self.open)
                try:
                    await self.behaviour(self, writer)
                finally:
                    self.open -= 1
        writer.close()


@asynccontextmanager
async def serving(behaviour: Behaviour, port: int = 0) -> AsyncIterator[Server]:
    upstream = Server(behaviour)
    server = await asyncio.start_server(upstream.talk, "127.0.0.1", port)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        upstream.let_go.set()
        server.close()
        for writer in upstream.writers:
            writer.transport.abort()


def answers(status: int, body: bytes = b"{}", **headers: str) -> Behaviour:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())

    async def answer(_: Server, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{lines}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return answer


async def hangs(upstream: Server, _: asyncio.StreamWriter) -> None:
    await upstream.let_go.wait()


async def resets(_: Server, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def talks_rubbish(_: Server, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example.com ESMTP\r\n\r\n")
    writer.close()


async def breaks_off(_: Server, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{")
    writer.close()


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """The first request gets the first behaviour, and the last one stays."""
    left = list(behaviours)

    async def behave(upstream: Server, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(upstream, writer)

    return behave


def _header(head: str, name: str) -> str | None:
    for line in head.split("\r\n"):
        key, _, value = line.partition(": ")
        if key.lower() == name:
            return value
    return None
