"""What the screens show, and what they say when a part of them is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..chassis.errors import ConflictError, NotFoundError, PreconditionFailedError, RejectedError

_OPEN = "placed"


class OrderNotFoundError(NotFoundError):
    pass


class OrderNotOpenError(ConflictError):
    pass


class OrderChangedError(PreconditionFailedError):
    pass


class OrderRefusedError(RejectedError):
    pass


@dataclass(frozen=True, slots=True)
class Line:
    sku: str
    quantity: int
    unit_price: int


@dataclass(frozen=True, slots=True)
class Order:
    """As the orders service tells it; amounts are in cents."""

    id: str
    status: str
    currency: str
    total: int
    note: str | None
    placed_at: datetime
    version: int
    lines: Sequence[Line]

    @property
    def can_be_cancelled(self) -> bool:
        """Whether a screen should offer it: the orders service has the last word."""
        return self.status == _OPEN


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of the audit log of the orders service."""

    action: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Customer:
    """What is known about the one who asks."""

    standing: str
    totals: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Home:
    """None is a part that is missing, which is not the same as empty."""

    orders: Sequence[Order] | None
    customer: Customer | None

    @property
    def missing(self) -> list[str]:
        parts = {"orders": self.orders, "customer": self.customer}
        return [name for name, part in parts.items() if part is None]


@dataclass(frozen=True, slots=True)
class Detail:
    """One order; only its history may be missing."""

    order: Order
    history: Sequence[Change] | None

    @property
    def missing(self) -> list[str]:
        return ["history"] if self.history is None else []
