"""The parts of a dossier, as other services tell them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from ..chassis.http import BadGatewayError, Client
from .domain import Change, Order

_PAGE = 100
_MOST_PAGES = 5


class _Order(BaseModel):
    id: str
    status: str
    currency: str
    total: int


class _Entry(BaseModel):
    entity_id: str
    action: str
    at: datetime


class _Page(BaseModel):
    items: list[Any]
    next: str | None


_ORDERS = TypeAdapter(list[_Order])
_ENTRIES = TypeAdapter(list[_Entry])


async def orders(client: Client) -> list[Order]:
    """The caller's orders, the newest 500."""
    with _understood():
        found = _ORDERS.validate_python(await _items(client, "/orders", {}))
    return [Order(each.id, each.status, each.currency, each.total) for each in found]


async def changes(client: Client) -> list[Change]:
    """What happened to orders lately: one call for all of them, not one for each."""
    with _understood():
        found = _ENTRIES.validate_python(await _items(client, "/audit", {"entity": "order"}))
    return [Change(each.entity_id, each.action, each.at) for each in found]


async def _items(client: Client, path: str, query: dict[str, str]) -> list[Any]:
    """Of all pages, but of no more than a few."""
    items: list[Any] = []
    params = {**query, "limit": str(_PAGE)}
    for _ in range(_MOST_PAGES):
        answer = await client.get(path, params=params)
        if answer.status_code != 200:
            raise BadGatewayError(f"a service that this needs refused it ({answer.status_code})")
        page = _Page.model_validate_json(answer.content)
        items += page.items
        if page.next is None:
            break
        params["cursor"] = page.next
    return items


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except ValidationError:
        raise BadGatewayError("a service that this needs answered something else") from None
