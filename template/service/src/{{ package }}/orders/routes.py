"""The HTTP face of orders."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from ..chassis import problems
from ..chassis.auth import Caller, requires
from ..chassis.database import Reads
from ..chassis.idempotency import Once
from ..chassis.unit_of_work import Unit
from ..chassis.versions import ExpectedVersions, etag
from . import queries, use_cases
from .domain import Order, Status
from .schemas import ChangeOrder, OrderOut, OrderPage, PlaceOrder

SCOPES = ("orders:read", "orders:write")
Reader = Annotated[Caller, requires("orders:read")]
Writer = Annotated[Caller, requires("orders:write")]

router = APIRouter(prefix="/orders", tags=["orders"], responses=problems.documented(401, 403))


@router.post(
    "", status_code=201, response_model=OrderOut, responses=problems.documented(400, 409, 415)
)
async def place(body: PlaceOrder, unit: Unit, caller: Writer, once: Once) -> Response:
    """Place an order; an `Idempotency-Key` makes it safe to send this again."""

    async def act() -> Order:
        return await use_cases.place_order(
            unit,
            customer=caller.subject,
            currency=body.currency,
            lines=[line.to_line() for line in body.lines],
            note=body.note,
        )

    return await once(unit, act, caller=caller.subject, answer=_created)


@router.get("", response_model=OrderPage)
async def index(
    reads: Reads,
    caller: Reader,
    status: Status | None = None,
    sort: queries.Sort = queries.Sort.NEWEST,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> dict[str, Any]:
    """Your orders, a page at a time."""
    items, following = await queries.list_orders(
        reads, customer=caller.subject, status=status, sort=sort, limit=limit, cursor=cursor
    )
    return {"items": items, "next": following}


@router.get("/{order_id}", response_model=OrderOut, responses=problems.documented(404))
async def read(order_id: UUID, reads: Reads, caller: Reader, response: Response) -> dict[str, Any]:
    """One of your orders."""
    order = await queries.read_order(reads, order_id=order_id, customer=caller.subject)
    response.headers["etag"] = etag(order["version"])
    return order


@router.patch(
    "/{order_id}",
    response_model=OrderOut,
    responses=problems.documented(400, 404, 409, 412, 415),
)
async def change(
    order_id: UUID,
    body: ChangeOrder,
    unit: Unit,
    caller: Writer,
    expected: ExpectedVersions,
    response: Response,
) -> Order:
    """Change the lines or the note of an order that is still open."""
    lines = None if body.lines is None else [line.to_line() for line in body.lines]
    order = await use_cases.change_order(
        unit,
        order_id=order_id,
        customer=caller.subject,
        lines=lines,
        note=body.note,
        expected=expected,
    )
    response.headers["etag"] = etag(order.version)
    return order


@router.post(
    "/{order_id}/cancel",
    response_model=OrderOut,
    responses=problems.documented(404, 409, 412),
)
async def cancel(
    order_id: UUID, unit: Unit, caller: Writer, expected: ExpectedVersions, once: Once
) -> Response:
    """Cancel an order that is still open; an `Idempotency-Key` makes it safe to send again."""

    async def act() -> Order:
        return await use_cases.cancel_order(
            unit, order_id=order_id, customer=caller.subject, expected=expected
        )

    return await once(unit, act, caller=caller.subject, answer=_answer)


@router.delete("/{order_id}", status_code=204, responses=problems.documented(404, 409, 412))
async def delete(order_id: UUID, unit: Unit, caller: Writer, expected: ExpectedVersions) -> None:
    """Delete an order that was cancelled."""
    await use_cases.delete_order(
        unit, order_id=order_id, customer=caller.subject, expected=expected
    )


def _answer(order: Order, status: int = 200) -> Response:
    body = OrderOut.model_validate(order).model_dump_json()
    headers = {"etag": etag(order.version)}
    return Response(body, status, headers=headers, media_type="application/json")


def _created(order: Order) -> Response:
    answer = _answer(order, 201)
    answer.headers["location"] = f"/orders/{order.id}"
    return answer
