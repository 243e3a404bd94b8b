"""What can be done with webhooks. Deliveries are written down before anything is sent."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, func, select
from uuid_utils.compat import uuid7

from ...chassis import audit
from ...chassis.database import Database
from ...chassis.errors import ConflictError, NotFoundError
from ...chassis.tables import now
from ...chassis.unit_of_work import UnitOfWork
from . import addresses, signing
from .sealing import Sealer
from .tables import DeliveryRow, EndpointRow

_MOST = 20
_ENDPOINTS = EndpointRow.__table__.c
_DELIVERIES = DeliveryRow.__table__.c
_SHOWN = (_ENDPOINTS.id, _ENDPOINTS.url, _ENDPOINTS.events, _ENDPOINTS.created_at)


class WebhookNotFoundError(NotFoundError):
    pass


class TooManyWebhooksError(ConflictError):
    pass


class DeliveryNotDeadError(ConflictError):
    pass


async def register(
    unit: UnitOfWork,
    sealer: Sealer,
    *,
    partner: str,
    url: str,
    events: Sequence[str],
    private: bool,
) -> tuple[EndpointRow, bytes]:
    """The webhook and its secret. Raises AddressRefusedError or TooManyWebhooksError."""
    addresses.check(url, private=private)
    secret, wanted = signing.new_secret(), list(dict.fromkeys(events))
    sealed = sealer.seal(secret)
    row = EndpointRow(
        id=uuid7(), partner=partner, url=url, events=wanted, secret=sealed, created_at=now()
    )
    async with unit:
        own = select(func.count()).where(EndpointRow.partner == partner)
        if int(await unit.session.scalar(own) or 0) >= _MOST:
            raise TooManyWebhooksError(f"a partner has at most {_MOST} webhooks")
        unit.session.add(row)
        _record(unit, "webhook_registered", row, after={"events": wanted})
    return row, secret


async def listed(database: Database, *, partner: str) -> Sequence[RowMapping]:
    query = select(*_SHOWN).where(_ENDPOINTS.partner == partner).order_by(_ENDPOINTS.id)
    return await database.rows(query)


async def remove(unit: UnitOfWork, webhook_id: UUID, *, partner: str) -> None:
    """With its deliveries, those that wait too. Raises WebhookNotFoundError."""
    async with unit:
        row = await _own(unit, webhook_id, partner)
        await unit.session.delete(row)
        _record(unit, "webhook_removed", row)


async def rotate(
    unit: UnitOfWork, sealer: Sealer, webhook_id: UUID, *, partner: str, overlap: timedelta
) -> bytes:
    """A new secret; the old one signs too for a while. Raises WebhookNotFoundError."""
    secret = signing.new_secret()
    async with unit:
        row = await _own(unit, webhook_id, partner)
        row.old_secret, row.old_until = row.secret, now() + overlap
        row.secret = sealer.seal(secret)
        _record(unit, "webhook_secret_rotated", row)
    return secret


async def publish(unit: UnitOfWork, *, partner: str, event: str, data: dict[str, Any]) -> int:
    """To all webhooks of the partner that want it; how many that are."""
    async with unit:
        own = select(EndpointRow.id, EndpointRow.events).where(EndpointRow.partner == partner)
        rows = (await unit.session.execute(own)).all()
        wanting = [row.id for row in rows if {event, "*"} & set(row.events)]
        for endpoint_id in wanting:
            unit.session.add(_delivery(endpoint_id, event, data))
    return len(wanting)


async def ping(unit: UnitOfWork, webhook_id: UUID, *, partner: str) -> None:
    """Whatever it wants otherwise. Raises WebhookNotFoundError."""
    async with unit:
        row = await _own(unit, webhook_id, partner)
        unit.session.add(_delivery(row.id, "ping", {}))


async def deliveries(
    database: Database, webhook_id: UUID, *, partner: str, limit: int
) -> Sequence[RowMapping]:
    """The newest. Raises WebhookNotFoundError."""
    own = select(_ENDPOINTS.id).where(_ENDPOINTS.id == webhook_id, _ENDPOINTS.partner == partner)
    if not await database.rows(own):
        raise _missing()
    query = select(*_DELIVERIES).where(_DELIVERIES.endpoint_id == webhook_id)
    return await database.rows(query.order_by(_DELIVERIES.id.desc()).limit(limit))


async def revive(unit: UnitOfWork, webhook_id: UUID, delivery_id: UUID, *, partner: str) -> None:
    """Try a dead delivery from the beginning.

    Raises WebhookNotFoundError or DeliveryNotDeadError.
    """
    async with unit:
        webhook = await _own(unit, webhook_id, partner)
        row = await unit.session.get(DeliveryRow, delivery_id, with_for_update=True)
        if row is None or row.endpoint_id != webhook.id:
            raise _missing()
        if row.state != "dead":
            raise DeliveryNotDeadError(f"it is {row.state}: only a dead one is tried again")
        row.state, row.attempts, row.due_at = "waiting", 0, now()


def _delivery(endpoint_id: UUID, event: str, data: dict[str, Any]) -> DeliveryRow:
    at = now()
    body = {"type": event, "timestamp": at.isoformat(), "data": data}
    return DeliveryRow(
        id=uuid7(),
        endpoint_id=endpoint_id,
        event=event,
        body=orjson.dumps(body),
        state="waiting",
        attempts=0,
        outcome="",
        due_at=at,
        created_at=at,
    )


async def _own(unit: UnitOfWork, webhook_id: UUID, partner: str) -> EndpointRow:
    row = await unit.session.get(EndpointRow, webhook_id, with_for_update=True)
    if row is None or row.partner != partner:
        raise _missing()
    return row


def _missing() -> WebhookNotFoundError:
    return WebhookNotFoundError("there is no such webhook, or it is not yours")


def _record(
    unit: UnitOfWork, action: str, row: EndpointRow, after: dict[str, Any] | None = None
) -> None:
    audit.record(unit.session, action=action, entity="webhook", entity_id=row.id, after=after)
