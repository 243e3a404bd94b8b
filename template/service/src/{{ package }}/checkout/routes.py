"""The HTTP face of checkouts."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, FastAPI, Query, Response

from ..chassis import http, problems, sagas
from ..chassis.auth import Caller, requires
from ..chassis.database import Reads
from ..chassis.idempotency import Once
from ..chassis.unit_of_work import Unit
from . import queries, use_cases
from .domain import Checkout, NotYourselfError
from .saga import VERSIONS
from .schemas import CheckoutOut, CheckoutPage, PlaceCheckout, Placed
from .settings import SliceSettings
from .upstreams import Participants

SCOPES = ("checkouts:read", "checkouts:write", "checkouts:approve", "checkouts:operate")
Reader = Annotated[Caller, requires("checkouts:read")]
Writer = Annotated[Caller, requires("checkouts:write")]
Approver = Annotated[Caller, requires("checkouts:approve")]
Operator = Annotated[Caller, requires("checkouts:operate")]
UNFIT = problems.documented(404, 409)

router = APIRouter(prefix="/checkouts", tags=["checkouts"], responses=problems.documented(401, 403))


@router.post(
    "", status_code=202, response_model=Placed, responses=problems.documented(400, 409, 415)
)
async def place(body: PlaceCheckout, unit: Unit, caller: Writer, once: Once) -> Response:
    """Check out; an `Idempotency-Key` makes it safe to send this again."""
    customer = body.customer or caller.subject
    if customer != caller.subject and not caller.may("checkouts:operate"):
        raise NotYourselfError

    async def act() -> Checkout:
        lines = [line.to_line() for line in body.lines]
        return await use_cases.place_checkout(
            unit, customer=customer, currency=body.currency, lines=lines
        )

    return await once(unit, act, caller=caller.subject, answer=_accepted)


@router.get("", response_model=CheckoutPage)
async def index(
    reads: Reads,
    caller: Reader,
    state: sagas.State | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> dict[str, Any]:
    """Your checkouts, newest first; those of all for who operates or approves."""
    items, following = await queries.list_checkouts(
        reads, customer=_whose(caller), state=state, limit=limit, cursor=cursor
    )
    return {"items": items, "next": following}


@router.get("/{checkout_id}", response_model=CheckoutOut, responses=problems.documented(404))
async def read(checkout_id: UUID, reads: Reads, caller: Reader) -> dict[str, Any]:
    """How far a checkout is, and all that has happened."""
    return await queries.read_checkout(reads, checkout_id=checkout_id, customer=_whose(caller))


@router.post("/{checkout_id}/approve", status_code=202, responses=UNFIT)
async def approve(checkout_id: UUID, unit: Unit, _: Approver) -> None:
    """Let a checkout that waits for approval go on."""
    await use_cases.approve(unit, checkout_id=checkout_id)


@router.post("/{checkout_id}/decline", status_code=202, responses=UNFIT)
async def decline(checkout_id: UUID, unit: Unit, _: Approver) -> None:
    """Refuse a checkout that waits for approval: what was done is undone."""
    await use_cases.decline(unit, checkout_id=checkout_id)


@router.post("/{checkout_id}/resume", status_code=202, responses=UNFIT)
async def resume(checkout_id: UUID, unit: Unit, _: Operator) -> None:
    """Make the next attempt now, also where it is stuck."""
    await use_cases.resume(unit, checkout_id=checkout_id)


@router.post("/{checkout_id}/cancel", status_code=202, responses=UNFIT)
async def cancel(checkout_id: UUID, unit: Unit, _: Operator) -> None:
    """Stop before the next step, and undo what was done."""
    await use_cases.cancel(unit, checkout_id=checkout_id)


def _whose(caller: Caller) -> str | None:
    sees_all = caller.may("checkouts:operate") or caller.may("checkouts:approve")
    return None if sees_all else caller.subject


def _accepted(checkout: Checkout) -> Response:
    body = Placed.model_validate(checkout).model_dump_json()
    headers = {"location": f"/checkouts/{checkout.id}"}
    return Response(body, 202, headers=headers, media_type="application/json")


def install(app: FastAPI, settings: SliceSettings) -> None:
    participants = Participants(
        stock=http.upstream(
            app,
            "stock",
            settings.stock_url,
            audience=settings.stock_audience,
            scope="stock:write",
            own=True,
        ),
        payments=http.upstream(
            app,
            "payments",
            settings.payments_url,
            audience=settings.payments_audience,
            scope="ledger:write",
            own=True,
        ),
        approval_above=settings.approval_above,
    )
    sagas.orchestrate(app, VERSIONS, resources=participants)
    app.include_router(router)
