"""What can be seen and done on the screens."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog

from ..chassis.errors import DomainError
from ..chassis.http import Client, remaining
from . import upstreams
from .domain import Change, Customer, Detail, Home, Order

log = structlog.get_logger()

T = TypeVar("T")
_TO_ANSWER = 0.05
"""Seconds that are left, when parts are given up, to say so."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the parts come from; `patience` is how many seconds an optional one may take.

    Nothing is kept or shared between requests: no answer can reach another user.
    """

    orders: Client
    history: Client
    customer: Client
    patience: float
    most_orders: int

    async def optional(self, name: str, read: Callable[[], Awaitable[T]]) -> T | None:
        try:
            async with asyncio.timeout(max(0.0, min(self.patience, remaining() - _TO_ANSWER))):
                return await read()
        except (DomainError, TimeoutError) as error:
            log.warning("part_missing", part=name, error=type(error).__name__)
            return None

    async def read_orders(self) -> list[Order] | None:
        read = partial(upstreams.orders, self.orders, most=self.most_orders)
        return await self.optional("orders", read)

    async def read_customer(self) -> Customer | None:
        return await self.optional("customer", partial(upstreams.customer, self.customer))

    async def read_history(self, order_id: UUID) -> list[Change] | None:
        read = partial(upstreams.history, self.history, order_id)
        return await self.optional("history", read)


async def home(sources: Sources) -> Home:
    """Every part may be missing."""
    async with asyncio.TaskGroup() as parts:
        orders = parts.create_task(sources.read_orders())
        customer = parts.create_task(sources.read_customer())
    return Home(orders.result(), customer.result())


async def detail(sources: Sources, order_id: UUID) -> Detail:
    """Both at once; the history of an order that the caller may not see goes nowhere.

    Raises OrderNotFoundError, and what went wrong with the orders service.
    """
    history = asyncio.create_task(sources.read_history(order_id))
    try:
        order = await upstreams.order(sources.orders, order_id)
        return Detail(order, await history)
    finally:
        history.cancel()


async def cancel(
    sources: Sources, order_id: UUID, *, version: str | None, once: str | None
) -> Order:
    """Raises OrderNotFoundError, OrderNotOpenError, OrderChangedError or OrderRefusedError."""
    return await upstreams.cancel(sources.orders, order_id, version=version, once=once)
