"""The services behind the gateway, each with its guard; those that stay survive a reload."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import ResolveResult

from ..chassis.discovery import Lookup, parse
from ..chassis.discovery.instance import is_nobodys
from ..chassis.http import Guard
from ..chassis.http.retries import Budget
from .document import UpstreamPart

_KEPT_SECONDS = 4  # less than the five after which uvicorn closes: else requests meet the end
_AUTOMATIC = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Resolver(aiohttp.ThreadedResolver):
    """A name that leads to the metadata service of a cloud leads nowhere.

    A registry may have told the name: whoever writes to it must not get there through us.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        if any(is_nobodys(each["host"]) for each in found):
            raise OSError("an address that no service has")
        return found


class Upstream:
    def __init__(self, name: str, part: UpstreamPart, lookup: Lookup) -> None:
        self.name, self.part = name, part
        self.audience = part.audience or name
        self.guard = Guard(name, parse(part.address, lookup), part.limits.of_calls())
        self.budget = Budget(part.limits.retry_budget)
        self.timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=part.limits.connect_seconds, ceil_threshold=3600
        )
        self._stack = AsyncExitStack()

    async def open(self) -> Self:
        await self._stack.enter_async_context(self.guard)
        return self

    async def close(self) -> None:
        """Ends the discovery; requests in flight go on."""
        await self._stack.aclose()


class Upstreams:
    """All of them, and the connections to them."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._open: dict[str, Upstream] = {}
        self.session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, keepalive_timeout=_KEPT_SECONDS, resolver=Resolver()
            ),
            # A cookie that one caller was given must never go out with the request of another.
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_AUTOMATIC,
            trust_env=False,
        )
        # It would repeat beside our retries, and ask no budget.
        self.session._retry_connection = False  # noqa: SLF001
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.gather(*(each.close() for each in self._open.values()))
        await self.session.close()

    @asynccontextmanager
    async def changed(
        self, parts: Mapping[str, UpstreamPart]
    ) -> AsyncIterator[Mapping[str, Upstream]]:
        """Those of `parts`, open; what is no longer named is closed at the end of the block."""
        old = self._open
        kept = {name: each for name, each in old.items() if parts.get(name) == each.part}
        new = [Upstream(name, parts[name], self._lookup) for name in parts.keys() - kept.keys()]
        await asyncio.gather(*(each.open() for each in new))
        self._open = {**kept, **{each.name: each for each in new}}
        yield self._open
        gone = [each for name, each in old.items() if self._open.get(name) is not each]
        await asyncio.gather(*(each.close() for each in gone))
