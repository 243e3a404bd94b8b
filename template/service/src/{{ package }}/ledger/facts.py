"""What can happen to accounts and payments, as it is stored.

These are kept for good: to change one, raise its version and add an upcaster; to rename a class,
leave the name that is stored. Money is in the smallest unit of a currency (cents).
"""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from ..chassis.event_store import Sealed, stored, upcast


@stored("AccountOpened", version=2)
class AccountOpened:
    owner: str
    currency: str
    name: Sealed | None = None


@upcast("AccountOpened", 1)
def _all_were_in_euro(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "currency": "EUR"}


@stored("AccountClosed")
class AccountClosed:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Money that came (`sign` 1) or went (-1)."""

    sign: ClassVar[int]
    amount: int


@stored("MoneyDeposited")
class MoneyDeposited(Movement):
    sign = 1
    memo: Sealed | None = None


@stored("MoneyWithdrawn")
class MoneyWithdrawn(Movement):
    sign = -1
    memo: Sealed | None = None


@stored("PaymentTaken")
class PaymentTaken(Movement):
    """From the customer's account."""

    sign = -1
    order_id: UUID


@stored("PaymentRefunded")
class PaymentRefunded(Movement):
    """To the customer's account."""

    sign = 1
    order_id: UUID


@stored("PaymentReceived")
class PaymentReceived(Movement):
    """By the merchant's account."""

    sign = 1
    order_id: UUID


@stored("PaymentReturned")
class PaymentReturned(Movement):
    """By the merchant's account."""

    sign = -1
    order_id: UUID


@stored("OrderPaid")
class OrderPaid:
    customer: str
    currency: str
    amount: int


@stored("OrderNotPaid")
class OrderNotPaid:
    reason: str


@stored("OrderRefunded")
class OrderRefunded:
    pass


@stored("OrderCancelled")
class OrderCancelled:
    """Before it was paid: it never will be."""
