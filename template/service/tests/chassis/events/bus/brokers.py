# Sealed: an update replaces this file.
"""What carries the events in the tests, and how to keep it away from its clients for a while."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

_HOLDS_THE_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


class Broker(Protocol):
    url: str

    async def leave(self) -> None:
        """Its clients lose it, and do not reach it again."""

    async def come_back(self) -> None: ...

    async def close(self) -> None: ...


class File:
    """The embedded bus is away while another process is busy writing."""

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"
        self._path = path
        self._process: asyncio.subprocess.Process | None = None

    async def leave(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _HOLDS_THE_LOCK, str(self._path)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout
        assert await self._process.stdout.readline() == b"locked\n"

    async def come_back(self) -> None:
        if self._process is not None:
            await self._process.communicate(b"")
            self._process = None

    async def close(self) -> None:
        await self.come_back()


class Proxy:
    """Between the clients and a broker. A URL `…:PORT#BEHIND` has the broker behind `BEHIND`.

    That is for Kafka, whose clients go where the broker says that it is: to `PORT`.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._place = (parts.hostname or "127.0.0.1", int(parts.fragment or parts.port or 0))
        self._port = int(parts.port or 0) if parts.fragment else 0
        self._parts = parts
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()
        self.url = ""

    async def leave(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def come_back(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]
            self.url = _at(self._parts, self._port)

    async def close(self) -> None:
        await self.leave()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._links.add(task)
        with suppress(OSError, asyncio.CancelledError):
            broker_reader, broker_writer = await asyncio.open_connection(*self._place)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_copy(reader, broker_writer))
                    both.create_task(_copy(broker_reader, writer))
            finally:
                broker_writer.close()
        writer.close()
        self._links.discard(task)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


def _at(parts: SplitResult, port: int) -> str:
    account = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return parts._replace(netloc=f"{account}127.0.0.1:{port}", fragment="").geturl()


@asynccontextmanager
async def reached(url: str, folder: Path) -> AsyncIterator[Broker]:
    broker: Broker = File(folder / "bus.db") if url == "embedded" else Proxy(url)
    await broker.come_back()
    yield broker
    await broker.close()
