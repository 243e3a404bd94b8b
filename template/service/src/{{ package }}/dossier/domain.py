"""What a dossier is, and the rule that looks at all its parts together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

_FEW_ORDERS = 4
_RESTLESS_CHANGES = 5
_RESTLESS_SPAN = timedelta(days=1)


class Standing(StrEnum):
    GOOD = "good"
    WATCH = "watch"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Order:
    """As the orders service tells it; the total is in cents."""

    id: str
    status: str
    currency: str
    total: int


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of the audit log of the orders service."""

    order_id: str
    action: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """Where a part of the dossier comes from; `age` in seconds, None where it is missing."""

    name: str
    age: float | None = 0.0
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Dossier:
    customer: str
    orders: Sequence[Order]
    changes: Sequence[Change] | None
    parts: Sequence[Part]

    @property
    def missing(self) -> list[str]:
        return [part.name for part in self.parts if part.age is None]

    @property
    def totals(self) -> dict[str, int]:
        """What is placed and not cancelled, for each currency, in cents."""
        found: Counter[str] = Counter()
        for order in self.orders:
            if order.status != "cancelled":
                found[order.currency] += order.total
        return dict(found)

    @property
    def standing(self) -> Standing:
        """Watch who cancels most orders, or changes one again and again within a day."""
        cancelled = sum(order.status == "cancelled" for order in self.orders)
        if len(self.orders) >= _FEW_ORDERS and cancelled * 2 > len(self.orders):
            return Standing.WATCH
        if self.changes is None:
            return Standing.UNKNOWN
        restless = any(_is_restless(self.changes_of(order.id)) for order in self.orders)
        return Standing.WATCH if restless else Standing.GOOD

    def changes_of(self, order_id: str) -> list[Change]:
        return [change for change in self.changes or () if change.order_id == order_id]


def _is_restless(changes: Sequence[Change]) -> bool:
    times = sorted(change.at for change in changes)
    spans = zip(times, times[_RESTLESS_CHANGES - 1 :], strict=False)
    return any(last - first <= _RESTLESS_SPAN for first, last in spans)
