"""The outbox as it is stored: what is due is claimed, and what came of it written down.

A delivery is claimed for a while before it is sent, so that no two processes send it at once. Who
dies with one in hand lets the claim run out: at least once, and `webhook-id` tells doubles.
"""

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import delete, select, update

from ...chassis import tables
from ...chassis.database import Database
from ...chassis.unit_of_work import UnitOfWork
from .settings import KindSettings
from .tables import DeliveryRow, EndpointRow

log = structlog.get_logger()

LONGEST_PAUSE = 6 * 3600.0
_GRACE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery in hand; `attempt` counts from one, `secrets` are sealed."""

    id: UUID
    endpoint_id: UUID
    attempt: int
    url: str
    body: bytes
    secrets: tuple[bytes, ...]


class Outbox:
    def __init__(
        self,
        database: Database,
        settings: KindSettings,
        *,
        now: Callable[[], datetime] = tables.now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._database, self._settings = database, settings
        self._now, self._chance = now, chance

    async def claim(self, *, most: int, busy: Collection[UUID]) -> list[Claim]:
        """What is due, but for webhooks that are busy."""
        at = self._now()
        due = (
            select(DeliveryRow, EndpointRow)
            .join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id)
            .where(DeliveryRow.state == "waiting", DeliveryRow.due_at <= at)
            .where(DeliveryRow.endpoint_id.not_in(busy))
            .order_by(DeliveryRow.due_at)
            .limit(most)
            .with_for_update(skip_locked=True, of=DeliveryRow)
        )
        seconds = self._settings.webhook_timeout_seconds + _GRACE_SECONDS
        async with UnitOfWork(self._database) as unit:
            rows = (await unit.session.execute(due)).all()
            for delivery, _ in rows:
                delivery.attempts += 1
                delivery.due_at = at + timedelta(seconds=seconds)
            return [_claimed(delivery, endpoint, at) for delivery, endpoint in rows]

    async def record(self, claim: Claim, outcome: str, *, pause: float) -> None:
        """A status, or what went wrong; `pause` is what the receiver asked for, in seconds."""
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
        tell = log.warning if state == "dead" else log.info
        identity, attempt = str(claim.id), claim.attempt
        tell("webhook", delivery=identity, attempt=attempt, outcome=outcome, state=state)

    async def purge(self) -> None:
        """Forget what was delivered or died long ago."""
        before = self._now() - timedelta(days=self._settings.webhook_days)
        over = DeliveryRow.state != "waiting", DeliveryRow.due_at < before
        async with UnitOfWork(self._database) as unit:
            await unit.session.execute(delete(DeliveryRow).where(*over))

    def _backoff(self, attempt: int) -> float:
        """Half of it by chance, so that those who failed together do not come back together."""
        doubled = self._settings.webhook_backoff_seconds * 2.0 ** (attempt - 1)
        return min(LONGEST_PAUSE, doubled) * (0.5 + self._chance() / 2)


def _claimed(delivery: DeliveryRow, endpoint: EndpointRow, at: datetime) -> Claim:
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
