"""What can be done with accounts and payments: each function is one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog

from ..chassis.event_store import EventStore
from ..chassis.events import UnitOfWork
from ..chassis.versions import Expected
from . import events
from .domain import (
    UNPAYABLE,
    Account,
    AccountStatus,
    NoAccountError,
    Payment,
    PaymentStatus,
)
from .repository import Ledger

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Books:
    """Where events are stored, and the owner of the accounts that payments go to."""

    store: EventStore
    merchant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What an order costs whom; `amount` is in cents."""

    order_id: UUID
    customer: str
    currency: str
    amount: int


async def open_account(
    unit: UnitOfWork, books: Books, *, owner: str, currency: str, name: str | None
) -> Account:
    async with unit:
        ledger = Ledger(unit, books.store)
        account = await ledger.account_of(owner, currency)
        sealed = await books.store.vault.seal(unit.session, name, subject=owner)
        account.open(owner=owner, currency=currency, name=sealed)
        await ledger.save(account)
        _tell(unit, "account_opened", account)
    return account


async def deposit(
    unit: UnitOfWork,
    books: Books,
    *,
    account_id: UUID,
    amount: int,
    memo: str | None,
    expected: Expected,
) -> Account:
    async with _changing(unit, books, account_id, expected) as account:
        sealed = await books.store.vault.seal(unit.session, memo, subject=account.owner)
        account.deposit(amount, memo=sealed)
        _tell(unit, "money_deposited", account)
    return account


async def withdraw(
    unit: UnitOfWork,
    books: Books,
    *,
    account_id: UUID,
    amount: int,
    memo: str | None,
    expected: Expected,
) -> Account:
    """Raises InsufficientFundsError."""
    async with _changing(unit, books, account_id, expected) as account:
        sealed = await books.store.vault.seal(unit.session, memo, subject=account.owner)
        account.withdraw(amount, memo=sealed)
        _tell(unit, "money_withdrawn", account)
    return account


async def close_account(
    unit: UnitOfWork, books: Books, *, account_id: UUID, expected: Expected
) -> Account:
    """Raises AccountNotEmptyError."""
    async with _changing(unit, books, account_id, expected) as account:
        account.close()
        _tell(unit, "account_closed", account)
    return account


@asynccontextmanager
async def _changing(
    unit: UnitOfWork, books: Books, account_id: UUID, expected: Expected
) -> AsyncIterator[Account]:
    async with unit:
        ledger = Ledger(unit, books.store)
        account = await ledger.account(account_id)
        expected.check(account.version)
        yield account
        await ledger.save(account)


async def take_payment(unit: UnitOfWork, books: Books, bill: Bill) -> tuple[Payment, bool]:
    """True if it was taken now: when asked again, it is as it was. Raises why it cannot be."""
    async with unit:
        payment = await Ledger(unit, books.store).payment(bill.order_id)
        if payment.taken:
            payment.must_be(customer=bill.customer, currency=bill.currency, amount=bill.amount)
            return payment, False
        await _pay(unit, books, payment, bill)
    return payment, True


async def take_payment_if_possible(unit: UnitOfWork, books: Books, bill: Bill) -> None:
    """As the news of an order want it. If it is not possible, that is told, and remembered."""
    async with unit:
        ledger = Ledger(unit, books.store)
        payment = await ledger.payment(bill.order_id)
        if payment.status is PaymentStatus.CANCELLED:
            _tell_of_failure(unit, bill, "the order was cancelled")
        if payment.status is not PaymentStatus.NEW:
            return
        try:
            await _pay(unit, books, payment, bill)
        except UNPAYABLE as error:
            payment.fail(str(error))
            await ledger.save(payment)
            _tell_of_failure(unit, bill, str(error))


async def cancel_payment(unit: UnitOfWork, books: Books, *, order_id: UUID) -> None:
    """Refund what was taken; what was not yet never will be."""
    async with unit:
        ledger = Ledger(unit, books.store)
        payment = await ledger.payment(order_id)
        if payment.taken:
            payer, payee = await ledger.parties(
                customer=payment.customer, merchant=books.merchant, currency=payment.currency
            )
            payer.refund(payment.amount, order_id=order_id)
            payee.give_back(payment.amount, order_id=order_id)
            await ledger.save(payer, payee)
            unit.emit(events.refunded(payment))
        payment.cancel()
        await ledger.save(payment)
        unit.after_commit(
            lambda: log.info("payment_cancelled", order_id=str(order_id), now=payment.status)
        )


async def _pay(unit: UnitOfWork, books: Books, payment: Payment, bill: Bill) -> None:
    """From one account to another. If it raises, nothing has happened to the payment."""
    payment.must_be_payable()
    if bill.customer == books.merchant:
        raise NoAccountError("the merchant does not pay itself")
    ledger = Ledger(unit, books.store)
    payer, payee = await ledger.parties(
        customer=bill.customer, merchant=books.merchant, currency=bill.currency
    )
    payer.pay(bill.amount, order_id=bill.order_id)
    if payee.status is not AccountStatus.OPEN:
        payee.open(owner=books.merchant, currency=bill.currency, name=None)
    payee.receive(bill.amount, order_id=bill.order_id)
    payment.take(customer=bill.customer, currency=bill.currency, amount=bill.amount)
    await ledger.save(payment, payer, payee)
    unit.emit(events.taken(payment))
    unit.after_commit(lambda: log.info("payment_taken", order_id=str(bill.order_id)))


def _tell_of_failure(unit: UnitOfWork, bill: Bill, reason: str) -> None:
    order_id, customer = bill.order_id, bill.customer
    unit.emit(events.PaymentFailed(order_id=order_id, customer=customer, reason=reason))
    unit.after_commit(lambda: log.info("payment_failed", order_id=str(order_id), reason=reason))


def _tell(unit: UnitOfWork, action: str, account: Account) -> None:
    """The log of the service; who did it stands in the history."""
    told = {"account_id": str(account.id), "version": account.version}
    unit.after_commit(lambda: log.info(action, **told))


async def erase_personal_data(unit: UnitOfWork, books: Books, *, owner: str) -> None:
    """Raises SubjectNotFoundError."""
    async with unit:
        await books.store.vault.erase(unit.session, subject=owner)
        unit.after_commit(lambda: log.info("personal_data_erased"))
