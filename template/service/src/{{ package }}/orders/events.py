"""What orders tell other services."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from ..chassis.events import Event
from .domain import Order


class Line(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    sku: str
    quantity: int
    unit_price: int


class OrderPlaced(Event, topic="orders", key="order_id"):
    """`total` is in cents of `currency`."""

    order_id: UUID
    customer: str
    currency: str
    lines: tuple[Line, ...]
    total: int
    placed_at: datetime


class OrderChanged(Event, topic="orders", key="order_id"):
    """The order as it is now."""

    order_id: UUID
    customer: str
    currency: str
    lines: tuple[Line, ...]
    total: int
    placed_at: datetime


class OrderCancelled(Event, topic="orders", key="order_id"):
    order_id: UUID
    customer: str


def of(action: str, order: Order) -> Event | None:
    """What others hear of a change, if they hear of it at all."""
    if action == "order_cancelled":
        return OrderCancelled(order_id=order.id, customer=order.customer)
    kinds = {"order_placed": OrderPlaced, "order_changed": OrderChanged}
    if action not in kinds:
        return None
    return kinds[action](
        order_id=order.id,
        customer=order.customer,
        currency=order.currency,
        lines=tuple(Line.model_validate(line) for line in order.lines),
        total=order.total,
        placed_at=order.placed_at,
    )
