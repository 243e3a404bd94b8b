"""What stock and a reservation are, and what happens to them, in whatever order it is heard."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from ..chassis.errors import ConflictError, RejectedError


class OutOfStockError(ConflictError):
    pass


class ReservationClosedError(ConflictError):
    pass


class ReservationDiffersError(ConflictError):
    pass


class TooFewError(ConflictError):
    pass


class NothingWantedError(RejectedError):
    pass


class State(StrEnum):
    NEW = "new"  # nothing has been heard of the order
    RESERVED = "reserved"
    CONFIRMED = "confirmed"  # paid: the goods have left
    REFUSED = "refused"  # out of stock, for good
    RELEASED = "released"  # undone; also the tombstone of an order that comes too late
    PREPAID = "prepaid"  # paid, and the order itself has not been heard of


class Cause(StrEnum):
    ORDERED = "ordered"  # and all of it is there
    SHORT = "short"  # ordered, and something is missing
    PAID = "paid"
    FAILED = "failed"  # the payment
    CANCELLED = "cancelled"  # the order


@dataclass(frozen=True, slots=True)
class Move:
    """`reserved` and `on_hand` change by the quantity of each line, times this.

    `undone` tells the others `StockReleased`: who has taken money for the order gives it back.
    """

    to: State
    reserved: int = 0
    on_hand: int = 0
    undone: bool = False


# The goods of an order are its own from `reserved` on. Its saga may be heard of in any order and
# more than once: where stock ends depends on what has happened, not on when it was heard. That
# a payment was taken and failed is a contradiction: the first that is heard counts.
TABLE: Mapping[tuple[State, Cause], Move] = {
    (State.NEW, Cause.ORDERED): Move(State.RESERVED, reserved=+1),
    (State.NEW, Cause.SHORT): Move(State.REFUSED),
    (State.NEW, Cause.PAID): Move(State.PREPAID),
    (State.NEW, Cause.FAILED): Move(State.RELEASED),
    (State.NEW, Cause.CANCELLED): Move(State.RELEASED),
    (State.RESERVED, Cause.ORDERED): Move(State.RESERVED),
    (State.RESERVED, Cause.SHORT): Move(State.RESERVED),
    (State.RESERVED, Cause.PAID): Move(State.CONFIRMED, reserved=-1, on_hand=-1),
    (State.RESERVED, Cause.FAILED): Move(State.RELEASED, reserved=-1, undone=True),
    (State.RESERVED, Cause.CANCELLED): Move(State.RELEASED, reserved=-1, undone=True),
    (State.CONFIRMED, Cause.ORDERED): Move(State.CONFIRMED),
    (State.CONFIRMED, Cause.SHORT): Move(State.CONFIRMED),
    (State.CONFIRMED, Cause.PAID): Move(State.CONFIRMED),
    (State.CONFIRMED, Cause.FAILED): Move(State.CONFIRMED),
    (State.CONFIRMED, Cause.CANCELLED): Move(State.RELEASED, on_hand=+1, undone=True),  # a return
    (State.REFUSED, Cause.ORDERED): Move(State.REFUSED),
    (State.REFUSED, Cause.SHORT): Move(State.REFUSED),
    (State.REFUSED, Cause.PAID): Move(State.REFUSED, undone=True),
    (State.REFUSED, Cause.FAILED): Move(State.REFUSED),
    (State.REFUSED, Cause.CANCELLED): Move(State.REFUSED),
    (State.RELEASED, Cause.ORDERED): Move(State.RELEASED),
    (State.RELEASED, Cause.SHORT): Move(State.RELEASED),
    (State.RELEASED, Cause.PAID): Move(State.RELEASED, undone=True),
    (State.RELEASED, Cause.FAILED): Move(State.RELEASED),
    (State.RELEASED, Cause.CANCELLED): Move(State.RELEASED),
    (State.PREPAID, Cause.ORDERED): Move(State.CONFIRMED, on_hand=-1),
    (State.PREPAID, Cause.SHORT): Move(State.REFUSED, undone=True),
    (State.PREPAID, Cause.PAID): Move(State.PREPAID),
    (State.PREPAID, Cause.FAILED): Move(State.PREPAID),
    (State.PREPAID, Cause.CANCELLED): Move(State.RELEASED, undone=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    sku: str
    quantity: int

    def __post_init__(self) -> None:
        if self.quantity < 1:
            raise NothingWantedError(f"{self.quantity} of `{self.sku}` is no quantity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    sku: str
    wanted: int
    available: int


@dataclass(slots=True, kw_only=True)
class Item:
    """`on_hand` lies on the shelf; `reserved` of it wait for their payment."""

    sku: str
    on_hand: int = 0
    reserved: int = 0

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    def count(self, on_hand: int) -> None:
        if on_hand < self.reserved:
            raise TooFewError(f"{self.reserved} of `{self.sku}` are reserved")
        self.on_hand = on_hand


Shelf = Mapping[str, Item]


@dataclass(slots=True, kw_only=True)
class Reservation:
    """All lines of an order or none; `missing` says why it was refused."""

    order_id: UUID
    changed_at: datetime
    state: State = State.NEW
    lines: tuple[Line, ...] = ()
    missing: tuple[Missing, ...] = ()

    def order(self, lines: Iterable[Line], shelf: Shelf, *, at: datetime) -> Move:
        """Reserve these lines, unless some are short or the table says otherwise."""
        wanted = merged(lines)
        short = tuple(_missing(wanted, shelf))
        move = TABLE[self.state, Cause.SHORT if short else Cause.ORDERED]
        if move.to is not self.state:
            self.lines, self.missing = wanted, short
        return self._make(move, shelf, at)

    def settle(self, cause: Cause, shelf: Shelf, *, at: datetime) -> Move:
        """It was paid, could not be paid, or was cancelled; `shelf` has what it reserves."""
        return self._make(TABLE[self.state, cause], shelf, at)

    def _make(self, move: Move, shelf: Shelf, at: datetime) -> Move:
        if move.reserved or move.on_hand:
            for line in self.lines:
                shelf[line.sku].reserved += move.reserved * line.quantity
                shelf[line.sku].on_hand += move.on_hand * line.quantity
        if move.to is not self.state:
            self.state, self.changed_at = move.to, at
        return move

    def must_hold(self, lines: Iterable[Line]) -> None:
        """Raises an error that says why these goods are not held for the order."""
        if self.state is State.REFUSED:
            short = (f"{each.available} of {each.wanted} `{each.sku}`" for each in self.missing)
            raise OutOfStockError(f"there are only {', '.join(short)}")
        if self.state is State.RELEASED:
            raise ReservationClosedError("the order was undone before: it reserves nothing more")
        if self.lines != merged(lines):
            raise ReservationDiffersError("other goods are reserved for this order")

    def facts(self) -> dict[str, Any]:
        """What the audit log remembers of it."""
        return {"state": self.state, "lines": [asdict(line) for line in self.lines]}


def merged(lines: Iterable[Line]) -> tuple[Line, ...]:
    """One line for each article, in the order in which stock is locked."""
    total: dict[str, int] = {}
    for line in lines:
        total[line.sku] = total.get(line.sku, 0) + line.quantity
    return tuple(Line(sku=sku, quantity=total[sku]) for sku in sorted(total))


def _missing(lines: Iterable[Line], shelf: Shelf) -> Iterable[Missing]:
    """What nobody has counted is not there."""
    for line in lines:
        item = shelf.get(line.sku) or Item(sku=line.sku)
        if item.available < line.quantity:
            yield Missing(sku=line.sku, wanted=line.quantity, available=item.available)
