"""Sends what is in the outbox, few at once to each receiver, again with growing pauses."""

import asyncio
import time
from collections import Counter as Tally
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

import httpx2
import structlog
from prometheus_client import Counter

from ...chassis.errors import DomainError
from ...chassis.lifecycle import repeated
from . import addresses, signing
from .addresses import AddressRefusedError
from .outbox import LONGEST_PAUSE, Claim, Outbox
from .sealing import Sealer
from .settings import KindSettings

log = structlog.get_logger()

SENT = Counter("webhook_attempts_total", "Attempts to deliver webhooks.", ("outcome",))
_AT_ONCE = 16
_EACH_AT_ONCE = 4
_PURGE_SECONDS = 3600.0


class Sender:
    """One for each process."""

    def __init__(self, outbox: Outbox, settings: KindSettings, sealer: Sealer) -> None:
        self.outbox = outbox
        self._settings, self._sealer = settings, sealer
        self._woken = asyncio.Event()
        self._running: dict[asyncio.Task[None], UUID] = {}
        self._purge_at = 0.0

    def wake(self) -> None:
        """There is something new: do not wait for the next look."""
        self._woken.set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        # Not one connection is kept: each goes to the address that was looked at just before.
        limits = httpx2.Limits(max_keepalive_connections=0)
        async with httpx2.AsyncClient(timeout=None, trust_env=False, limits=limits) as client:
            seconds = self._settings.webhook_poll_seconds
            look = partial(self._look, client)
            async with repeated(look, seconds=seconds, woken=self._woken):
                yield
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _look(self, client: httpx2.AsyncClient) -> None:
        try:
            while claims := await self._claim():
                for claim in claims:
                    self._begin(claim, client)
            await self._purge()
        except Exception as error:  # noqa: BLE001 - the next look is another try
            log.warning("outbox_not_read", error=type(error).__name__)

    async def _claim(self) -> list[Claim]:
        """Few at a time, and none of receivers that keep us busy already."""
        free = min(_AT_ONCE - len(self._running), _EACH_AT_ONCE)
        if free <= 0:
            return []
        running = Tally(self._running.values())
        busy = [each for each, number in running.items() if number >= _EACH_AT_ONCE]
        return await self.outbox.claim(most=free, busy=busy)

    def _begin(self, claim: Claim, client: httpx2.AsyncClient) -> None:
        task = asyncio.create_task(self._deliver(claim, client))
        self._running[task] = claim.endpoint_id
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("webhook_not_recorded", error=type(error).__name__)
        self.wake()

    async def _deliver(self, claim: Claim, client: httpx2.AsyncClient) -> None:
        pause = 0.0
        try:
            async with asyncio.timeout(self._settings.webhook_timeout_seconds):
                answer = await self._send(claim, client)
            outcome, pause = str(answer.status_code), _asked_for(answer)
        except TimeoutError:
            outcome = "took too long"
        except AddressRefusedError:
            outcome = "refused: the address is not a public one"
        except DomainError as error:
            outcome = str(error)[:100]
        except OSError:
            outcome = "the name cannot be found"
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            outcome = type(error).__name__
        SENT.labels(outcome if outcome.isdigit() else "failed").inc()
        await self.outbox.record(claim, outcome, pause=pause)

    async def _send(self, claim: Claim, client: httpx2.AsyncClient) -> httpx2.Response:
        """The headers of the answer are enough: its body is never read."""
        private = self._settings.webhooks_reach_private
        target = await addresses.resolve(claim.url, private=private)
        secrets = [self._sealer.open(each) for each in claim.secrets]
        signed = signing.headers(str(claim.id), claim.body, secrets, at=int(time.time()))
        request = client.build_request(
            "POST",
            target.url,
            content=claim.body,
            headers={"host": target.authority, "content-type": "application/json", **signed},
            extensions={"sni_hostname": target.host},
        )
        answer = await client.send(request, stream=True, follow_redirects=False)
        await answer.aclose()
        return answer

    async def _purge(self) -> None:
        if time.monotonic() >= self._purge_at:
            self._purge_at = time.monotonic() + _PURGE_SECONDS
            await self.outbox.purge()


def _asked_for(answer: httpx2.Response) -> float:
    told = answer.headers.get("retry-after", "")
    return min(float(told), LONGEST_PAUSE) if told.isdigit() and len(told) < 9 else 0.0
