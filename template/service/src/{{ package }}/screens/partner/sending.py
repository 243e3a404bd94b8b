"""Sends what is in the outbox: tried again with growing pauses, and in the end dead.

A delivery is claimed for a while before it is sent, so that no two processes send it at once. Who
dies with one in hand lets the claim run out: at least once, and `webhook-id` tells doubles.
"""

import asyncio
import random
import time
from collections import Counter as Tally
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import httpx2
import structlog
from prometheus_client import Counter
from sqlalchemy import delete, select, update

from ...chassis import tables
from ...chassis.database import Database
from ...chassis.errors import DomainError
from ...chassis.lifecycle import background
from ...chassis.unit_of_work import UnitOfWork
from . import addresses, signing
from .addresses import AddressRefusedError
from .sealing import Sealer
from .settings import KindSettings
from .tables import DeliveryRow, EndpointRow

log = structlog.get_logger()

SENT = Counter("webhook_attempts_total", "Attempts to deliver webhooks.", ("outcome",))
_AT_ONCE = 16
_EACH_AT_ONCE = 4
_GRACE_SECONDS = 30.0
_LONGEST_PAUSE = 6 * 3600.0
_PURGE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery in hand; `attempt` counts from one."""

    id: UUID
    endpoint_id: UUID
    attempt: int
    url: str
    body: bytes
    secrets: tuple[bytes, ...]


class Outbox:
    """One for each process."""

    def __init__(
        self,
        database: Database,
        settings: KindSettings,
        sealer: Sealer,
        *,
        now: Callable[[], datetime] = tables.now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._database, self._settings, self._sealer = database, settings, sealer
        self._now, self._chance = now, chance
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
            async with background(self._work(client)):
                yield
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _work(self, client: httpx2.AsyncClient) -> None:
        while True:
            self._woken.clear()
            try:
                while claims := await self._claim():
                    for claim in claims:
                        self._begin(claim, client)
                await self._purge()
            except Exception as error:  # noqa: BLE001 - the next look is another try
                log.warning("outbox_not_read", error=type(error).__name__)
            try:
                async with asyncio.timeout(self._settings.webhook_poll_seconds):
                    await self._woken.wait()
            except TimeoutError:
                continue

    def _begin(self, claim: Claim, client: httpx2.AsyncClient) -> None:
        task = asyncio.create_task(self._deliver(claim, client))
        self._running[task] = claim.endpoint_id
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("webhook_not_recorded", error=type(error).__name__)
        self.wake()

    async def _claim(self) -> list[Claim]:
        """Few at a time, and none of receivers that keep us busy already."""
        free = min(_AT_ONCE - len(self._running), _EACH_AT_ONCE)
        if free <= 0:
            return []
        busy = [each for each, n in Tally(self._running.values()).items() if n >= _EACH_AT_ONCE]
        at = self._now()
        due = (
            select(DeliveryRow, EndpointRow)
            .join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id)
            .where(DeliveryRow.state == "waiting", DeliveryRow.due_at <= at)
            .where(DeliveryRow.endpoint_id.not_in(busy))
            .order_by(DeliveryRow.due_at)
            .limit(free)
            .with_for_update(skip_locked=True, of=DeliveryRow)
        )
        seconds = self._settings.webhook_timeout_seconds + _GRACE_SECONDS
        async with UnitOfWork(self._database) as unit:
            rows = (await unit.session.execute(due)).all()
            for delivery, _ in rows:
                delivery.attempts += 1
                delivery.due_at = at + timedelta(seconds=seconds)
            return [self._claimed(delivery, endpoint, at) for delivery, endpoint in rows]

    def _claimed(self, delivery: DeliveryRow, endpoint: EndpointRow, at: datetime) -> Claim:
        sealed = [endpoint.secret]
        if endpoint.old_secret and endpoint.old_until and endpoint.old_until > at:
            sealed.append(endpoint.old_secret)
        return Claim(
            delivery.id,
            endpoint.id,
            delivery.attempts,
            endpoint.url,
            delivery.body,
            tuple(sealed),
        )

    async def _deliver(self, claim: Claim, client: httpx2.AsyncClient) -> None:
        pause = 0.0
        try:
            async with asyncio.timeout(self._settings.webhook_timeout_seconds):
                answer = await self._send(claim, client)
            outcome = str(answer.status_code)
            pause = _asked_for(answer)
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
        await self._record(claim, outcome, pause)

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

    async def _record(self, claim: Claim, outcome: str, pause: float) -> None:
        state, due = "waiting", self._now()
        if outcome[0] == "2" and outcome.isdigit():
            state = "delivered"
        elif outcome == "410" or claim.attempt >= self._settings.webhook_attempts:
            state = "dead"  # 410: the receiver wants no more of it
        else:
            due += timedelta(seconds=max(pause, self._backoff(claim.attempt)))
        change = update(DeliveryRow).where(
            DeliveryRow.id == claim.id, DeliveryRow.attempts == claim.attempt
        )
        async with UnitOfWork(self._database) as unit:
            await unit.session.execute(change.values(state=state, outcome=outcome, due_at=due))
        level = log.warning if state == "dead" else log.info
        level(
            "webhook", delivery=str(claim.id), attempt=claim.attempt, outcome=outcome, state=state
        )

    def _backoff(self, attempt: int) -> float:
        """Half of it by chance, so that those who failed together do not come back together."""
        doubled = self._settings.webhook_backoff_seconds * 2.0 ** (attempt - 1)
        longest = min(_LONGEST_PAUSE, doubled)
        return longest * (0.5 + self._chance() / 2)

    async def _purge(self) -> None:
        if time.monotonic() < self._purge_at:
            return
        self._purge_at = time.monotonic() + _PURGE_SECONDS
        await purge(UnitOfWork(self._database), before=self._now() - self._kept)

    @property
    def _kept(self) -> timedelta:
        return timedelta(days=self._settings.webhook_days)


async def purge(unit: UnitOfWork, *, before: datetime) -> None:
    """Forget what was delivered or died before then."""
    over = delete(DeliveryRow).where(DeliveryRow.state != "waiting", DeliveryRow.due_at < before)
    async with unit:
        await unit.session.execute(over)


def _asked_for(answer: httpx2.Response) -> float:
    told = answer.headers.get("retry-after", "")
    return min(float(told), _LONGEST_PAUSE) if told.isdigit() and len(told) < 9 else 0.0
