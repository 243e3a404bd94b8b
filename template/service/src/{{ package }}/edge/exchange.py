"""One request at an upstream: sent, repeated where that is safe, and its answer passed back."""

import asyncio
from time import perf_counter

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from ..chassis.discovery import Instance
from ..chassis.http import CLOCK, Attempt, deadline
from ..chassis.http.metrics import RETRIES, observe
from ..chassis.http.retries import IDEMPOTENT
from .download import Download
from .failures import (
    TRANSIENT,
    AgainError,
    BrokenOffError,
    is_transient,
    meaning,
    tell,
    was_sent,
)
from .upload import ClientGoneError, RequestTimeoutError, Upload
from .upstreams import Upstream
from .visit import Visit
from .watch import Patrol, Watch

_PAUSE = 0.05


class Exchange:
    def __init__(
        self,
        visit: Visit,
        upstream: Upstream,
        session: aiohttp.ClientSession,
        headers: CIMultiDict[str],
        download: Download,
        patrol: Patrol,
    ) -> None:
        self._visit, self._upstream, self._session = visit, upstream, session
        self._headers, self._download, self._patrol = headers, download, patrol
        self._part = visit.route.part
        self._seconds = min(self._part.timeout_seconds, deadline.remaining())
        self._upload = Upload(visit.receive, visit.head.length, seconds=self._part.timeout_seconds)
        self._tried: list[Instance] = []
        self._timer: asyncio.Timeout

    async def run(self) -> None:
        """Raises DomainError or ClientGoneError, and BrokenOffError once the answer has begun."""
        watch = Watch(self._patrol, self._visit.receive, self._upload)
        try:
            await self._upload.prepare()
            await self._repeatedly()
        except asyncio.CancelledError:
            if not watch.gone:
                raise
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()
            raise ClientGoneError from None
        finally:
            watch.stop()

    async def _repeatedly(self) -> None:
        ends = CLOCK.now() + self._seconds
        self._upstream.budget.pay_in()
        while True:
            try:
                await self._attempt(ends)
            except AgainError:
                RETRIES.labels(self._upstream.name).inc()
                await CLOCK.sleep(CLOCK.chance() * _PAUSE * 2 ** len(self._tried))
            else:
                return

    async def _attempt(self, ends: float) -> None:
        started, outcome = perf_counter(), "cancelled"
        async with self._upstream.guard.attempt(avoid=self._tried) as attempt:
            self._tried.append(attempt.instance)
            try:
                async with asyncio.timeout(max(0.0, ends - CLOCK.now())) as self._timer:
                    outcome = await self._call(attempt)
            except (TimeoutError, aiohttp.ClientError, ValueError) as error:
                outcome = type(error).__name__
                raise self._failed(error, attempt) from None
            except AgainError as error:
                outcome = str(error)
                raise
            finally:
                seconds = perf_counter() - started
                observe(self._upstream.name, self._visit.method, outcome, seconds)

    async def _call(self, attempt: Attempt) -> str:
        response = await self._send(attempt.instance)
        try:
            if response.status >= 500:
                attempt.failed()
            if response.status in TRANSIENT and self._may_repeat(sent=True):
                raise AgainError(str(response.status))
            await self._download.run(response, attempt.instance, self._timer)
        except BaseException:
            response.close()
            raise
        if self._upload.whole:
            response.release()
        else:
            response.close()  # the rest of the body must not reach the next request
        return str(response.status)

    async def _send(self, instance: Instance) -> aiohttp.ClientResponse:
        headers, part = self._headers.copy(), self._part
        headers["Host"] = self._visit.head.host if part.preserve_host else instance.authority
        return await self._session.request(
            self._visit.method,
            URL(instance.url + self._visit.target, encoded=True),
            headers=headers,
            data=self._upload.data(self._extend),
            allow_redirects=False,
            timeout=self._upstream.timeout,
            server_hostname=instance.name if instance.scheme == "https" else None,
        )

    def _extend(self, until: float) -> None:
        if not self._download.started:
            self._timer.reschedule(until)

    def _may_repeat(self, *, sent: bool) -> bool:
        if len(self._tried) > self._part.retries or not self._upload.repeatable:
            return False
        if sent and self._visit.method not in IDEMPOTENT:
            return False
        return self._upstream.budget.take()

    def _failed(self, error: Exception, attempt: Attempt) -> Exception:
        """What to raise; an attempt that failed for our client's sake says nothing about it."""
        if self._upload.failure is not None:
            attempt.undecided()
            return self._upload.failure
        if isinstance(error, TimeoutError) and self._upload.awaited:
            attempt.undecided()
            return RequestTimeoutError("the body came too slowly")
        if self._download.waits_for_client:
            attempt.undecided()
            return ClientGoneError()
        if self._seconds < self._part.timeout_seconds and isinstance(error, TimeoutError):
            attempt.undecided()  # our caller's patience was short
        tell(error, self._upstream.name, attempt.instance, len(self._tried))
        if self._download.started:
            return BrokenOffError()
        if is_transient(error) and self._may_repeat(sent=was_sent(error)):
            return AgainError(type(error).__name__)
        return meaning(error)
