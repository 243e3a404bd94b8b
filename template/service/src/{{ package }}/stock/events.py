"""What stock tells others, and what it wants to know of what they tell."""

from uuid import UUID

from pydantic import BaseModel

from ..chassis.events import Event
from . import domain


class Line(BaseModel):
    sku: str
    quantity: int

    def to_line(self) -> domain.Line:
        return domain.Line(sku=self.sku, quantity=self.quantity)


class Missing(BaseModel):
    sku: str
    wanted: int
    available: int


class StockReserved(Event, topic="stock", version=1, key="order_id"):
    """The goods of the order are put aside: it can be paid. `total` is in cents."""

    order_id: UUID
    customer: str
    currency: str
    total: int
    lines: list[Line]


class OutOfStock(Event, topic="stock", version=1, key="order_id"):
    """Nothing was reserved, because of these."""

    order_id: UUID
    customer: str
    missing: list[Missing]


class StockReleased(Event, topic="stock", version=1, key="order_id"):
    """Nothing is reserved for the order, now or later: what was paid for it goes back."""

    order_id: UUID
    reason: str


class OrderPlaced(Event, topic="orders", version=1, key="order_id"):
    order_id: UUID
    customer: str
    currency: str
    total: int
    lines: list[Line]


class OrderCancelled(Event, topic="orders", version=1, key="order_id"):
    order_id: UUID


class PaymentTaken(Event, topic="payments", version=1, key="order_id"):
    order_id: UUID


class PaymentFailed(Event, topic="payments", version=1, key="order_id"):
    order_id: UUID
    reason: str
