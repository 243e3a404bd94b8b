"""What the ledger tells other services, and what it hears from them."""

from uuid import UUID

from ..chassis.events import Event
from .domain import Payment


class PaymentTaken(Event, topic="payments", key="order_id"):
    """`amount` is in cents of `currency`."""

    order_id: UUID
    customer: str
    currency: str
    amount: int


class PaymentFailed(Event, topic="payments", key="order_id"):
    order_id: UUID
    customer: str
    reason: str


class PaymentRefunded(Event, topic="payments", key="order_id"):
    order_id: UUID
    customer: str
    currency: str
    amount: int


class StockReserved(Event, topic="stock", key="order_id"):
    """As the stock tells it, in as far as a payment needs it."""

    order_id: UUID
    customer: str
    currency: str
    total: int


class StockReleased(Event, topic="stock", key="order_id"):
    order_id: UUID


class OrderCancelled(Event, topic="orders", key="order_id"):
    order_id: UUID


def taken(payment: Payment) -> PaymentTaken:
    return PaymentTaken(
        order_id=payment.order_id,
        customer=payment.customer,
        currency=payment.currency,
        amount=payment.amount,
    )


def refunded(payment: Payment) -> PaymentRefunded:
    return PaymentRefunded(
        order_id=payment.order_id,
        customer=payment.customer,
        currency=payment.currency,
        amount=payment.amount,
    )
