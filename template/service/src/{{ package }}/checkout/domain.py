"""What a checkout is, and the rules that it keeps."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ..chassis.errors import ConflictError, ForbiddenError, NotFoundError, RejectedError

HIGHEST_TOTAL = 1_000_000_00


class CheckoutNotFoundError(NotFoundError):
    def __init__(self) -> None:
        super().__init__("there is no such checkout of yours")


class EmptyCheckoutError(RejectedError):
    pass


class DuplicateSkuError(RejectedError):
    pass


class TotalTooHighError(RejectedError):
    pass


class NotYourselfError(ForbiddenError):
    def __init__(self) -> None:
        super().__init__("check out for others with the scope `checkouts:operate` only")


class ParticipantRefusedError(ConflictError):
    """The other service will not, and has done nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`unit_price` is in the smallest unit of the currency (cents)."""

    sku: str
    quantity: int
    unit_price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """What is wanted; how far it is, the saga knows."""

    id: UUID
    customer: str
    currency: str
    lines: tuple[Line, ...]
    placed_at: datetime

    def __post_init__(self) -> None:
        _check(self.lines)

    @property
    def total(self) -> int:
        return sum(line.quantity * line.unit_price for line in self.lines)

    def facts(self) -> dict[str, Any]:
        """What its saga works on, and the audit log remembers."""
        return {
            "customer": self.customer,
            "currency": self.currency,
            "lines": [asdict(line) for line in self.lines],
            "total": self.total,
        }


def _check(lines: Sequence[Line]) -> None:
    if not lines:
        raise EmptyCheckoutError("a checkout has at least one line")
    if len({line.sku for line in lines}) < len(lines):
        raise DuplicateSkuError("an article is on more than one line: put it on one")
    if sum(line.quantity * line.unit_price for line in lines) > HIGHEST_TOTAL:
        raise TotalTooHighError(f"a checkout may cost at most {HIGHEST_TOTAL} cents")
