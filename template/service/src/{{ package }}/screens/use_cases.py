"""What can be seen and done on the screens."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import structlog

from ..chassis.errors import DomainError
from ..chassis.http import Client, remaining
from . import upstreams
from .domain import Detail, Home, Order

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

    async def optional(self, name: str, part: Coroutine[Any, Any, T]) -> T | None:
        try:
            async with asyncio.timeout(max(0.0, min(self.patience, remaining() - _TO_ANSWER))):
                return await part
        except (DomainError, TimeoutError) as error:
            log.warning("part_missing", part=name, error=type(error).__name__)
            return None


async def home(sources: Sources) -> Home:
    """Every part may be missing."""
    async with asyncio.TaskGroup() as parts:
        orders = parts.create_task(
            sources.optional("orders", upstreams.orders(sources.orders, most=sources.most_orders))
        )
        customer = parts.create_task(
            sources.optional("customer", upstreams.customer(sources.customer))
        )
    return Home(orders.result(), customer.result())


async def detail(sources: Sources, order_id: UUID) -> Detail:
    """Both at once; the history of an order that the caller may not see goes nowhere.

    Raises OrderNotFoundError, and what went wrong with the orders service.
    """
    history = asyncio.create_task(
        sources.optional("history", upstreams.history(sources.history, order_id))
    )
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
