"""Accounts and payments: the rules by which something happens, and what is then the case."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid5

from ..chassis.errors import ConflictError, NotFoundError
from ..chassis.event_store import Aggregate, Sealed
from . import facts

_ACCOUNTS = UUID("6b0f2a55-1a0a-4c39-9d3e-4f5f7a3c9b10")


class AccountNotFoundError(NotFoundError):
    def __init__(self) -> None:
        super().__init__("there was no such account")


class PaymentNotFoundError(NotFoundError):
    pass


class NoAccountError(ConflictError):
    pass


class AccountExistsError(ConflictError):
    pass


class AccountClosedError(ConflictError):
    pass


class AccountNotEmptyError(ConflictError):
    pass


class InsufficientFundsError(ConflictError):
    pass


class PaymentDiffersError(ConflictError):
    pass


class PaymentCancelledError(ConflictError):
    pass


UNPAYABLE = (NoAccountError, AccountClosedError, InsufficientFundsError)
"""Why an order is not paid, for good."""


def account_id(owner: str, currency: str) -> UUID:
    """One account for each owner and currency: the second of two who open it finds it open."""
    return uuid5(_ACCOUNTS, f"{currency}\n{owner}")


class AccountStatus(StrEnum):
    UNOPENED = "unopened"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(slots=True, kw_only=True)
class Account(Aggregate):
    id: UUID
    owner: str = ""
    currency: str = ""
    name: Sealed | None = None
    balance: int = 0
    status: AccountStatus = AccountStatus.UNOPENED

    @property
    def stream(self) -> str:
        return f"account-{self.id}"

    def apply(self, event: object) -> None:
        match event:
            case facts.AccountOpened():
                self.owner, self.currency, self.name = event.owner, event.currency, event.name
                self.status = AccountStatus.OPEN
            case facts.AccountClosed():
                self.status = AccountStatus.CLOSED
            case facts.Movement():
                self.balance += event.sign * event.amount

    def open(self, *, owner: str, currency: str, name: Sealed | None) -> None:
        """A closed account can be opened again."""
        if self.status is AccountStatus.OPEN:
            raise AccountExistsError("this owner has an account in this currency")
        self.record(facts.AccountOpened(owner=owner, currency=currency, name=name))

    def deposit(self, amount: int, *, memo: Sealed | None = None) -> None:
        self._must_be_open()
        self.record(facts.MoneyDeposited(amount=amount, memo=memo))

    def withdraw(self, amount: int, *, memo: Sealed | None = None) -> None:
        self._must_cover(amount)
        self.record(facts.MoneyWithdrawn(amount=amount, memo=memo))

    def pay(self, amount: int, *, order_id: UUID) -> None:
        if self.status is AccountStatus.UNOPENED:
            raise NoAccountError("this customer has no account in this currency")
        self._must_cover(amount)
        self.record(facts.PaymentTaken(amount=amount, order_id=order_id))

    def receive(self, amount: int, *, order_id: UUID) -> None:
        self._must_be_open()
        self.record(facts.PaymentReceived(amount=amount, order_id=order_id))

    def refund(self, amount: int, *, order_id: UUID) -> None:
        """Closed or not: a compensation never fails."""
        self.record(facts.PaymentRefunded(amount=amount, order_id=order_id))

    def give_back(self, amount: int, *, order_id: UUID) -> None:
        """Even below zero: what a merchant has to give back is not theirs to keep."""
        self.record(facts.PaymentReturned(amount=amount, order_id=order_id))

    def close(self) -> None:
        self._must_be_open()
        if self.balance:
            raise AccountNotEmptyError("withdraw what is left before you close the account")
        self.record(facts.AccountClosed())

    def _must_be_open(self) -> None:
        if self.status is not AccountStatus.OPEN:
            raise AccountClosedError(f"the account is {self.status}")

    def _must_cover(self, amount: int) -> None:
        self._must_be_open()
        if amount < 0:
            raise InsufficientFundsError("an amount is never below zero")
        if amount > self.balance:
            raise InsufficientFundsError("there is not enough on the account")


class PaymentStatus(StrEnum):
    NEW = "new"
    TAKEN = "taken"
    FAILED = "failed"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


@dataclass(slots=True, kw_only=True)
class Payment(Aggregate):
    """Of one order: taken at most once, and never after the order was cancelled."""

    order_id: UUID
    customer: str = ""
    currency: str = ""
    amount: int = 0
    status: PaymentStatus = PaymentStatus.NEW
    reason: str | None = None

    @property
    def stream(self) -> str:
        return f"payment-{self.order_id}"

    def apply(self, event: object) -> None:
        match event:
            case facts.OrderPaid():
                self.customer, self.currency = event.customer, event.currency
                self.amount, self.reason = event.amount, None
                self.status = PaymentStatus.TAKEN
            case facts.OrderNotPaid():
                self.status, self.reason = PaymentStatus.FAILED, event.reason
            case facts.OrderRefunded():
                self.status = PaymentStatus.REFUNDED
            case facts.OrderCancelled():
                self.status = PaymentStatus.CANCELLED

    @property
    def taken(self) -> bool:
        return self.status is PaymentStatus.TAKEN

    def must_be(self, *, customer: str, currency: str, amount: int) -> None:
        if (self.customer, self.currency, self.amount) != (customer, currency, amount):
            raise PaymentDiffersError("this order was paid with another amount or by another")

    def must_be_payable(self) -> None:
        if self.status in (PaymentStatus.REFUNDED, PaymentStatus.CANCELLED):
            raise PaymentCancelledError(f"the payment of this order was {self.status} before")

    def take(self, *, customer: str, currency: str, amount: int) -> None:
        self.must_be_payable()
        self.record(facts.OrderPaid(customer=customer, currency=currency, amount=amount))

    def fail(self, reason: str) -> None:
        self.record(facts.OrderNotPaid(reason=reason))

    def cancel(self) -> None:
        """Refunded if it was taken; else this is a tombstone, for news that comes too late."""
        if self.status in (PaymentStatus.NEW, PaymentStatus.FAILED):
            self.record(facts.OrderCancelled())
        elif self.taken:
            self.record(facts.OrderRefunded())
