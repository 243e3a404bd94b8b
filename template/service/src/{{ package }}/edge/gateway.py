"""What the gateway holds while it runs: the routes in force, upstreams, cache, identity."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import aiohttp
import structlog
from fastapi import FastAPI
from multidict import CIMultiDict
from prometheus_client import Counter, Gauge
from starlette.types import Scope

from ..chassis.http import CLOCK, deadline
from ..chassis.lifecycle import background
from .admission import Admission
from .cache import Cache, served
from .document import Document
from .download import Copy, Download
from .exchange import Exchange
from .headers import Pairs, outgoing
from .identity import Identity
from .misses import Misses
from .rates import RateLimiter
from .reading import RoutesError
from .settings import SliceSettings
from .table import Table
from .upstreams import Upstream, Upstreams
from .visit import Visit
from .watch import Patrol

log = structlog.get_logger()

RELOADS = Counter("edge_routes_reloads_total", "Changes of the routes file.", ("outcome",))
STALE = Gauge(
    "edge_routes_stale",
    "1 while the routes file has mistakes, and the routes before it are in force.",
    multiprocess_mode="livemax",
)


class Gateway:
    def __init__(self, app: FastAPI, settings: SliceSettings) -> None:
        self.settings = settings
        self.identity = Identity(settings)
        self.admission = Admission(
            app.state.verifier,
            self.identity,
            RateLimiter(settings.rate_store_url),
            most=settings.requests_at_once,
        )
        self._patrol = Patrol()
        self._cache = Cache(settings.cache_bytes)
        self._misses = Misses()
        self._upstreams = Upstreams(app.state.http.lookup)
        self._text = settings.routes.read_bytes()
        self.document = settings.document()
        self.table = Table(Document(upstreams={}, routes=()), {})

    @property
    def session(self) -> aiohttp.ClientSession:
        return self._upstreams.session

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self._upstreams:
            await self._take(self.document)
            async with background(self._watch()), background(self._patrol.run()):
                yield

    async def reload(self) -> None:
        """Take over a changed file; one with mistakes changes nothing, and they are told."""
        try:
            text = await asyncio.to_thread(self.settings.routes.read_bytes)
            if text == self._text:
                return
            self._text = text
            await self._take(await asyncio.to_thread(self.settings.document))
        except (RoutesError, OSError) as error:
            problems = getattr(error, "problems", [type(error).__name__])
            log.error("routes_refused", problems=problems)
            RELOADS.labels("refused").inc()
            STALE.set(1)
        else:
            log.info("routes_changed", routes=len(self.table.routes))
            RELOADS.labels("taken").inc()
            STALE.set(0)

    async def _watch(self) -> None:
        while True:
            await CLOCK.sleep(self.settings.routes_seconds)
            await self.reload()

    async def _take(self, document: Document) -> None:
        async with self._upstreams.changed(document.upstreams) as upstreams:
            self.table, self.document = Table(document, upstreams), document
            self._cache.clear()

    async def serve(self, visit: Visit) -> None:
        """Raises DomainError, ClientGoneError or BrokenOffError."""
        with self.admission:
            await self.admission.admit(visit)
            await self.answer(visit)

    async def answer(self, visit: Visit) -> None:
        """For a visit that is admitted: from the cache, or from an upstream."""
        if not self._cache.takes(visit):
            await self._pass(visit, Download(visit))
            if visit.method not in ("GET", "HEAD", "OPTIONS"):
                self._cache.forget(visit)
                self._misses.forget(visit)
            return
        found = self._cache.find(visit)
        if found is None and await self._misses.wait(visit):
            found = self._cache.find(visit, again=True)
        if found is not None:
            await _send(visit, *served(found, visit, monotonic()))
            return
        with self._misses.asking(visit) as answered:

            def keep(status: int, headers: Pairs) -> Copy | None:
                copy = self._cache.copy(visit, status, headers)
                if copy is None:
                    answered.set()  # whoever waits for it waits in vain
                return copy

            await self._pass(visit, Download(visit, keep))

    async def _pass(self, visit: Visit, download: Download) -> None:
        upstream = visit.route.upstream(CLOCK.chance())
        headers = self.headers(visit, upstream)
        await Exchange(visit, upstream, self.session, headers, download, self._patrol).run()

    def headers(self, visit: Visit, upstream: Upstream) -> CIMultiDict[str]:
        """What the upstream is told, with our word on who calls."""
        rules = visit.route.part.headers.request
        drop_token = visit.caller is not None
        headers = outgoing(visit.head, visit.address, visit.scheme, drop_token=drop_token)
        for name in rules.remove:
            headers.popall(name, None)
        headers.update(rules.set)
        headers.update(deadline.outgoing(visit.route.part.timeout_seconds))
        if visit.caller is not None:
            token = self.identity.token(visit.caller, upstream.audience)
            headers["Authorization"] = f"Bearer {token}"
        return headers


async def _send(visit: Visit, status: int, headers: Pairs, body: bytes) -> None:
    start = {"type": "http.response.start", "status": status, "foreign": True}
    await visit.send({**start, "headers": headers + visit.told})
    await visit.send({"type": "http.response.body", "body": body})


def of(scope: Scope) -> Gateway:
    gateway: Gateway = scope["app"].state.gateway
    return gateway
