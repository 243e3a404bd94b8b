"""What an order is, and the rules that it keeps."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from ..chassis.errors import ConflictError, NotFoundError, RejectedError

HIGHEST_TOTAL = 1_000_000_00


class OrderNotFoundError(NotFoundError):
    def __init__(self) -> None:
        super().__init__("there is no such order of yours")


class OrderClosedError(ConflictError):
    pass


class OrderStillOpenError(ConflictError):
    pass


class EmptyOrderError(RejectedError):
    pass


class DuplicateSkuError(RejectedError):
    pass


class TotalTooHighError(RejectedError):
    pass


class Status(StrEnum):
    PLACED = "placed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`unit_price` is in the smallest unit of the order's currency (cents)."""

    sku: str
    quantity: int
    unit_price: int


@dataclass(slots=True, kw_only=True)
class Order:
    """`version` counts the changes: the store refuses to overwrite a newer one."""

    id: UUID
    customer: str
    currency: str
    lines: tuple[Line, ...]
    placed_at: datetime
    changed_at: datetime
    note: str | None = None
    status: Status = Status.PLACED
    version: int = 1

    def __post_init__(self) -> None:
        _check(self.lines)

    @property
    def total(self) -> int:
        return sum(line.quantity * line.unit_price for line in self.lines)

    def must_belong_to(self, customer: str) -> None:
        """The orders of others are not there, so that nobody can find out which exist."""
        if self.customer != customer:
            raise OrderNotFoundError

    def change(self, *, lines: Sequence[Line] | None, note: str | None, at: datetime) -> None:
        self._must_be_open()
        if lines is not None:
            _check(lines)
            self.lines = tuple(lines)
        if note is not None:
            self.note = note
        self.changed_at = at

    def cancel(self, *, at: datetime) -> None:
        self._must_be_open()
        self.status = Status.CANCELLED
        self.changed_at = at

    def must_be_deletable(self) -> None:
        if self.status is not Status.CANCELLED:
            raise OrderStillOpenError("cancel the order before you delete it")

    def _must_be_open(self) -> None:
        if self.status is not Status.PLACED:
            raise OrderClosedError(f"the order is {self.status} and can no longer change")

    def facts(self) -> dict[str, Any]:
        """What the audit log remembers of it."""
        lines = [asdict(line) for line in self.lines]
        return {
            "status": self.status,
            "currency": self.currency,
            "lines": lines,
            "note": self.note,
            "total": self.total,
        }


def _check(lines: Sequence[Line]) -> None:
    if not lines:
        raise EmptyOrderError("an order has at least one line")
    if len({line.sku for line in lines}) < len(lines):
        raise DuplicateSkuError("an article is on more than one line: put it on one")
    if sum(line.quantity * line.unit_price for line in lines) > HIGHEST_TOTAL:
        raise TotalTooHighError(f"an order may cost at most {HIGHEST_TOTAL} cents")
