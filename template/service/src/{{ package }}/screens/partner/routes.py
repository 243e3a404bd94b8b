"""What only the backend of partners has over HTTP: webhooks, events for them, its public keys."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, FastAPI, Query, Request, Response

from ...chassis import http, lifecycle, problems
from ...chassis.auth import Caller, requires
from ...chassis.database import Reads
from ...chassis.idempotency import Once
from ...chassis.unit_of_work import Unit
from . import signing, webhooks
from .callers import Subscriber
from .identity import Identity
from .outbox import Outbox
from .quotas import QuotaHeaders, Quotas
from .schemas import (
    DeliveryOut,
    NewWebhookOut,
    PublishedOut,
    PublishEvent,
    RegisterWebhook,
    SecretOut,
    WebhookOut,
)
from .sealing import Sealer, sealer
from .sending import Sender
from .settings import KindSettings

SCOPES: tuple[str, ...] = ("events:write",)
Publisher = Annotated[Caller, requires("events:write")]

router = APIRouter(
    prefix="/webhooks", tags=["webhooks"], responses=problems.documented(401, 403, 429)
)
services = APIRouter(tags=["for services of ours"], responses=problems.documented(401, 403))


@router.post(
    "", status_code=201, response_model=NewWebhookOut, responses=problems.documented(400, 409, 415)
)
async def register(
    body: RegisterWebhook, request: Request, unit: Unit, caller: Subscriber
) -> dict[str, Any]:
    """Have events sent to an address of yours; the `secret` is shown this once."""
    state = request.app.state
    row, secret = await webhooks.register(
        unit,
        state.partner_sealer,
        partner=caller.subject,
        url=body.url,
        events=body.events,
        private=state.partner_settings.webhooks_reach_private,
    )
    told = {"id": row.id, "url": row.url, "events": row.events, "created_at": row.created_at}
    return {**told, "secret": signing.shown(secret)}


@router.get("", response_model=list[WebhookOut])
async def index(reads: Reads, caller: Subscriber) -> Any:
    """Your webhooks."""
    return await webhooks.listed(reads, partner=caller.subject)


@router.delete("/{webhook_id}", status_code=204, responses=problems.documented(404))
async def remove(webhook_id: UUID, unit: Unit, caller: Subscriber) -> None:
    """Send nothing more there."""
    await webhooks.remove(unit, webhook_id, partner=caller.subject)


@router.post("/{webhook_id}/secret", response_model=SecretOut, responses=problems.documented(404))
async def rotate(
    webhook_id: UUID, request: Request, unit: Unit, caller: Subscriber
) -> dict[str, Any]:
    """A new secret; for a while deliveries are signed by the old one too."""
    state = request.app.state
    secret = await webhooks.rotate(
        unit,
        state.partner_sealer,
        webhook_id,
        partner=caller.subject,
        overlap=timedelta(hours=state.partner_settings.webhook_overlap_hours),
    )
    return {"id": webhook_id, "secret": signing.shown(secret)}


@router.post("/{webhook_id}/ping", status_code=202, responses=problems.documented(404))
async def ping(webhook_id: UUID, request: Request, unit: Unit, caller: Subscriber) -> Response:
    """Send a `ping`, to see that it arrives."""
    await webhooks.ping(unit, webhook_id, partner=caller.subject)
    return _accepted(request)


@router.get(
    "/{webhook_id}/deliveries",
    response_model=list[DeliveryOut],
    responses=problems.documented(404),
)
async def deliveries(
    webhook_id: UUID,
    reads: Reads,
    caller: Subscriber,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Any:
    """What was sent there lately, the newest first."""
    return await webhooks.deliveries(reads, webhook_id, partner=caller.subject, limit=limit)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/retry",
    status_code=202,
    responses=problems.documented(404, 409),
)
async def retry(
    webhook_id: UUID, delivery_id: UUID, request: Request, unit: Unit, caller: Subscriber
) -> Response:
    """Try a dead delivery again, as often as a new one."""
    await webhooks.revive(unit, webhook_id, delivery_id, partner=caller.subject)
    return _accepted(request)


@services.post(
    "/events",
    status_code=202,
    response_model=PublishedOut,
    responses=problems.documented(400, 409, 415),
)
async def publish(
    body: PublishEvent, request: Request, unit: Unit, caller: Publisher, once: Once
) -> Response:
    """Tell a partner's webhooks; an `Idempotency-Key` makes it safe to send this again."""

    async def act() -> int:
        return await webhooks.publish(unit, partner=body.partner, event=body.type, data=body.data)

    answer = await once(unit, act, caller=caller.subject, answer=_published)
    request.app.state.partner_sender.wake()
    return answer


@services.get("/.well-known/jwks.json", include_in_schema=False)
async def key_set(request: Request) -> dict[str, Any]:
    identity: Identity = request.app.state.partner_identity
    return identity.published


def install(app: FastAPI, settings: KindSettings) -> None:
    shared: http.HttpSettings = app.state.http
    sealing: Sealer = sealer(settings, shared)
    app.state.partner_settings, app.state.partner_sealer = settings, sealing
    app.state.partner_identity = Identity(settings, shared)
    app.state.partner_quotas = Quotas()
    outbox = Outbox(app.state.database, settings)
    sender = app.state.partner_sender = Sender(outbox, settings, sealing)
    lifecycle.of(app).resources.append(sender.open)
    app.add_middleware(QuotaHeaders)
    app.include_router(router)
    app.include_router(services)


def _accepted(request: Request) -> Response:
    sender: Sender = request.app.state.partner_sender
    sender.wake()
    return Response(status_code=202)


def _published(deliveries: int) -> Response:
    body = PublishedOut(deliveries=deliveries).model_dump_json()
    return Response(body, 202, media_type="application/json")
