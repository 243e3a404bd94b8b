"""The answer of an upstream on its way to the client, chunk by chunk."""

import asyncio
from collections.abc import Callable

import aiohttp

from ..chassis.discovery import Instance
from .headers import Pairs, answered
from .table import Route
from .visit import Visit

Keep = Callable[[int, Pairs], "Copy | None"]


class Copy:
    """Gathers an answer for the cache while it passes, as long as it is not too large."""

    def __init__(self, most: int, store: Callable[[bytes], None]) -> None:
        self._left, self._store = most, store
        self._chunks: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        self._left -= len(chunk)
        if self._left >= 0:
            self._chunks.append(chunk)

    def end(self) -> None:
        if self._left >= 0:
            self._store(b"".join(self._chunks))


class Download:
    """`keep` says whether the cache wants a copy, once status and headers are known."""

    def __init__(self, visit: Visit, keep: Keep | None = None) -> None:
        self._visit, self._keep = visit, keep
        self.started = False
        self.waits_for_client = False

    async def run(
        self, response: aiohttp.ClientResponse, instance: Instance, timer: asyncio.Timeout
    ) -> None:
        """Raises ValueError where there are headers that cannot be passed on."""
        route = self._visit.route
        headers = answered(response.raw_headers, route.unsent)
        headers = [_at_home(pair, instance, route) for pair in headers] + route.added
        if response.status < 200:
            raise ValueError("an answer that nobody asked for")
        copy = self._keep(response.status, headers) if self._keep else None
        self.started = True
        await self._pass(_start(response.status, headers + self._visit.told), timer)
        await self._body(response.content, copy, timer)

    async def _body(
        self, content: aiohttp.StreamReader, copy: Copy | None, timer: asyncio.Timeout
    ) -> None:
        more = True
        while more:
            chunk = await content.readany()
            more = not content.at_eof()
            if copy is not None:
                copy.add(chunk)
            message = {"type": "http.response.body", "body": chunk, "more_body": more}
            await self._pass(message, timer)
        if copy is not None:
            copy.end()

    async def _pass(self, message: dict[str, object], timer: asyncio.Timeout) -> None:
        self.waits_for_client = True
        await self._visit.send(message)
        self.waits_for_client = False
        if message.get("more_body", True):
            loop = asyncio.get_running_loop()
            timer.reschedule(loop.time() + self._visit.route.part.idle_seconds)


def _start(status: int, headers: Pairs) -> dict[str, object]:
    return {"type": "http.response.start", "status": status, "headers": headers, "foreign": True}


def _at_home(header: tuple[bytes, bytes], instance: Instance, route: Route) -> tuple[bytes, bytes]:
    """An upstream that names its own place in `Location` would send the client past the gateway."""
    name, value = header
    if name != b"location":
        return header
    own = f"{instance.scheme}://{instance.authority}".encode()
    if value.startswith(own) and value[len(own) :][:1] in (b"", b"/"):
        value = value[len(own) :] or b"/"
    return name, route.outside(value)
