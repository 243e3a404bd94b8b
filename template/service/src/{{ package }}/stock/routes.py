"""The HTTP face of stock."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, FastAPI, Query, Response

from ..chassis import problems
from ..chassis.auth import Caller, requires
from ..chassis.database import Reads
from ..chassis.events import Unit, consume
from . import queries, use_cases
from .domain import Cause, Item, Reservation
from .handlers import handlers
from .schemas import CountStock, ItemOut, ItemPage, ReservationOut, Reserve, Sku
from .settings import SliceSettings

SCOPES = ("stock:read", "stock:write")
Reader = Annotated[Caller, requires("stock:read")]
Writer = Annotated[Caller, requires("stock:write")]

stock = APIRouter(prefix="/stock", tags=["stock"], responses=problems.documented(401, 403))
reservations = APIRouter(
    prefix="/reservations", tags=["reservations"], responses=problems.documented(401, 403)
)


@stock.put(
    "/{sku}",
    response_model=ItemOut,
    responses={201: {"model": ItemOut}, **problems.documented(400, 409, 415)},
)
async def count(sku: Sku, body: CountStock, unit: Unit, _: Writer, response: Response) -> Item:
    """Say how many of an article there are: 201 for one that was never counted."""
    item, is_new = await use_cases.count(unit, sku=sku, on_hand=body.on_hand)
    response.status_code = 201 if is_new else 200
    return item


@stock.get("", response_model=ItemPage)
async def index(
    reads: Reads,
    _: Reader,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> dict[str, Any]:
    """All articles by name, a page at a time."""
    items, following = await queries.list_items(reads, limit=limit, cursor=cursor)
    return {"items": items, "next": following}


@stock.get("/{sku}", response_model=ItemOut, responses=problems.documented(404))
async def read(sku: Sku, reads: Reads, _: Reader) -> dict[str, Any]:
    """How many of an article there are."""
    return await queries.read_item(reads, sku=sku)


@reservations.put(
    "/{order_id}",
    response_model=ReservationOut,
    responses={201: {"model": ReservationOut}, **problems.documented(400, 409, 415)},
)
async def reserve(
    order_id: UUID, body: Reserve, unit: Unit, _: Writer, response: Response
) -> Reservation:
    """Reserve all lines of an order or none: 201, and 200 when it is sent again."""
    lines = [line.to_line() for line in body.lines]
    reservation, is_new = await use_cases.reserve(unit, order_id=order_id, lines=lines)
    reservation.must_hold(lines)
    response.status_code = 201 if is_new else 200
    return reservation


@reservations.get("/{order_id}", response_model=ReservationOut, responses=problems.documented(404))
async def reservation(order_id: UUID, reads: Reads, _: Reader) -> dict[str, Any]:
    """What is reserved for an order, and how far along it is."""
    return await queries.read_reservation(reads, order_id=order_id)


@reservations.delete("/{order_id}", status_code=204)
async def release(order_id: UUID, unit: Unit, caller: Writer) -> None:
    """Undo the reservation of an order; one that comes later reserves nothing."""
    reason = f"{caller.subject} has released it"
    await use_cases.settle(unit, order_id=order_id, cause=Cause.CANCELLED, reason=reason)


def install(app: FastAPI, _: SliceSettings) -> None:
    app.include_router(stock)
    app.include_router(reservations)
    consume(app, handlers)
