"""Finds and stores accounts and payments, by their streams."""

from uuid import UUID

from ..chassis.event_store import Aggregate, EventStore
from ..chassis.unit_of_work import UnitOfWork
from .domain import Account, AccountNotFoundError, Payment, account_id


class Ledger:
    def __init__(self, unit: UnitOfWork, store: EventStore) -> None:
        self._unit, self._store = unit, store

    async def account(self, identity: UUID) -> Account:
        """Held until the transaction ends: who changes it waits in line."""
        account = Account(id=identity)
        await self._store.hold(self._unit.session, account)
        account = await self._store.load(self._unit, account)
        if not account.version:
            raise AccountNotFoundError
        return account

    async def account_of(self, owner: str, currency: str) -> Account:
        """The account, or one that was never opened."""
        account = Account(id=account_id(owner, currency))
        await self._store.hold(self._unit.session, account)
        return await self._store.load(self._unit, account)

    async def payment(self, order_id: UUID) -> Payment:
        """The payment, or one that nobody has heard of."""
        payment = Payment(order_id=order_id)
        await self._store.hold(self._unit.session, payment)
        return await self._store.load(self._unit, payment)

    async def parties(self, *, customer: str, merchant: str, currency: str) -> list[Account]:
        """The accounts of both, held together."""
        blank = [Account(id=account_id(owner, currency)) for owner in (customer, merchant)]
        await self._store.hold(self._unit.session, *blank)
        return [await self._store.load(self._unit, each) for each in blank]

    async def save(self, *aggregates: Aggregate) -> None:
        """Raises ConcurrentChangeError if somebody else was faster."""
        await self._store.save(self._unit, *aggregates)
