"""What can be done with dossiers."""

import asyncio
from dataclasses import dataclass

import structlog

from ..chassis.errors import DomainError
from ..chassis.http import Client, Reading, SharedReads
from . import upstreams
from .domain import Change, Dossier, Order, Part

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the parts come from, and for how many seconds an optional one is waited for."""

    orders: Client
    history: Client
    kept_orders: SharedReads[list[Order]]
    kept_changes: SharedReads[list[Change]]
    patience: float

    async def read_orders(self, key: tuple[object, ...]) -> Reading[list[Order]]:
        return await self.kept_orders.get(key, lambda: upstreams.orders(self.orders))

    async def read_changes(self, key: tuple[object, ...]) -> Reading[list[Change]] | None:
        try:
            return await self.kept_changes.get(
                key, lambda: upstreams.changes(self.history), seconds=self.patience
            )
        except DomainError as error:
            log.warning("part_missing", part="history", error=type(error).__name__)
            return None


async def compose(sources: Sources, *, customer: str, scopes: frozenset[str]) -> Dossier:
    """All parts at once. Raises what went wrong with the orders; the history may be missing."""
    key = (customer, scopes)
    optional = asyncio.create_task(sources.read_changes(key))
    try:
        orders = await sources.read_orders(key)
        changes = await optional
    finally:
        optional.cancel()
    return Dossier(
        customer,
        orders=orders.value,
        changes=changes.value if changes else None,
        parts=[_part("orders", orders), _part("history", changes)],
    )


def _part(name: str, reading: Reading[list[Order]] | Reading[list[Change]] | None) -> Part:
    if reading is None:
        return Part(name, age=None)
    return Part(name, reading.age, reading.stale)
