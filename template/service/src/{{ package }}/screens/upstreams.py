"""The parts of the screens, as other services tell them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from httpx2 import Response
from pydantic import BaseModel, TypeAdapter, ValidationError

from ..chassis.http import BadGatewayError, Client
from .domain import (
    Change,
    Customer,
    Order,
    OrderChangedError,
    OrderNotFoundError,
    OrderNotOpenError,
    OrderRefusedError,
)

_ENTRIES = 50


class _Orders(BaseModel):
    items: list[Order]


class _Entry(BaseModel):
    action: str
    at: datetime


class _Entries(BaseModel):
    items: list[_Entry]


class _Dossier(BaseModel):
    standing: str
    totals: dict[str, int]


_ORDER = TypeAdapter(Order)


async def orders(client: Client, *, most: int) -> list[Order]:
    """The caller's newest."""
    answer = await client.get("/orders", params={"limit": str(most)})
    with _understood(answer):
        return _Orders.model_validate_json(answer.content).items


async def order(client: Client, order_id: UUID) -> Order:
    """Raises OrderNotFoundError, also where it is somebody else's."""
    return _told(await client.get(f"/orders/{order_id}"))


async def cancel(client: Client, order_id: UUID, *, version: str | None, once: str | None) -> Order:
    """`version` and `once` go on as `If-Match` and `Idempotency-Key`; the latter lets it retry."""
    given = {"if-match": version, "idempotency-key": once}
    headers = {name: value for name, value in given.items() if value is not None}
    path = f"/orders/{order_id}/cancel"
    return _told(await client.post(path, headers=headers, idempotent=once is not None))


async def history(client: Client, order_id: UUID) -> list[Change]:
    """Whoever calls this has made sure that the caller may see the order."""
    params = {"entity": "order", "entity_id": str(order_id), "limit": str(_ENTRIES)}
    answer = await client.get("/audit", params=params)
    with _understood(answer):
        entries = _Entries.model_validate_json(answer.content).items
    return [Change(each.action, each.at) for each in entries]


async def customer(client: Client) -> Customer:
    answer = await client.get("/dossiers/me")
    with _understood(answer):
        found = _Dossier.model_validate_json(answer.content)
    return Customer(found.standing, found.totals)


def _told(answer: Response) -> Order:
    status = answer.status_code
    if status == 404:
        raise OrderNotFoundError("there is no such order, or it is not yours")
    if status == 409:
        raise OrderNotOpenError("the order is not open any more")
    if status == 412:
        raise OrderChangedError("it has changed since you read it: read it again")
    if status in (400, 422):
        raise OrderRefusedError("the orders service does not take this")
    with _understood(answer):
        return _ORDER.validate_json(answer.content)


@contextmanager
def _understood(answer: Response) -> Iterator[None]:
    if answer.status_code != 200:
        raise BadGatewayError(f"a service that this needs refused it ({answer.status_code})")
    try:
        yield
    except ValidationError:
        raise BadGatewayError("a service that this needs answered something else") from None
