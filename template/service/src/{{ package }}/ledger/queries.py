"""Reads accounts: as they are or were, from their events; lists of them, from the read model."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import select

from ..chassis.database import Database
from ..chassis.errors import NotFoundError, RejectedError
from ..chassis.event_store import AsOf, EventStore, Recorded, Sealed, active, history
from ..chassis.paging import Keyset
from .domain import Account, AccountNotFoundError, Payment, PaymentNotFoundError
from .tables import AccountRow

_ROWS = AccountRow.__table__
_NEWEST_FIRST = Keyset("-opened_at", _ROWS.c.opened_at, _ROWS.c.id, descending=True)
# Built once, as building a query costs as much as running it.
_LISTED = select(*_ROWS.c).where(_ROWS.c.generation == active("accounts"))


class VersionNotFoundError(NotFoundError):
    pass


class TwoPointsInTimeError(RejectedError):
    pass


async def read_account(
    database: Database, store: EventStore, *, account_id: UUID, as_of: AsOf
) -> dict[str, Any]:
    if as_of.version is not None and as_of.at is not None:
        raise TwoPointsInTimeError("ask for `at` or for `version`, not for both")
    account = await store.read(database.rows, Account(id=account_id), as_of)
    if not account.version:
        raise AccountNotFoundError
    if as_of.version is not None and account.version < as_of.version:
        raise VersionNotFoundError(f"the account has {account.version} versions")
    plain = await _plain(database, store, [account.name])
    return {
        "id": account.id,
        "owner": account.owner,
        "currency": account.currency,
        "balance": account.balance,
        "status": account.status,
        "version": account.version,
        "changed_at": account.tip.at,
        **_told("name", account.name, plain),
    }


async def read_history(
    database: Database, store: EventStore, *, account_id: UUID, after: int, limit: int
) -> dict[str, Any]:
    """Some of what has happened, oldest first, and the version after which to go on."""
    stream = Account(id=account_id).stream
    found = await history(database.rows, stream, after=after, limit=limit + 1)
    if not found and not await history(database.rows, stream, after=0, limit=1):
        raise AccountNotFoundError
    page = found[:limit]
    sealed = [value for each in page for value in _values(each).values()]
    plain = await _plain(database, store, sealed)
    return {
        "items": [_entry(each, plain) for each in page],
        "next": page[-1].version if len(found) > limit else None,
    }


async def list_accounts(
    database: Database, store: EventStore, *, owner: str | None, limit: int, cursor: str | None
) -> dict[str, Any]:
    """A page of the read model, which follows the events within moments."""
    query = _LISTED if owner is None else _LISTED.where(_ROWS.c.owner == owner)
    rows = await database.rows(_NEWEST_FIRST.page(query, after=cursor, limit=limit))
    items, following = _NEWEST_FIRST.split(rows, limit)
    names = [Sealed(**item["name"]) if item["name"] else None for item in items]
    plain = await _plain(database, store, names)
    told = [{**item, **_told("name", name, plain)} for item, name in zip(items, names, strict=True)]
    return {"items": told, "next": following}


async def read_payment(database: Database, store: EventStore, *, order_id: UUID) -> Payment:
    payment = await store.read(database.rows, Payment(order_id=order_id))
    if not payment.version:
        raise PaymentNotFoundError("nobody has asked for a payment of this order")
    return payment


async def _plain(
    database: Database, store: EventStore, values: Sequence[object]
) -> dict[Sealed, str | None]:
    sealed = [value for value in values if isinstance(value, Sealed)]
    return await store.vault.open(database.rows, sealed)


def _told(field: str, sealed: Sealed | None, plain: dict[Sealed, str | None]) -> dict[str, Any]:
    text = None if sealed is None else plain[sealed]
    return {field: text, "erased": sealed is not None and text is None}


def _values(recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    return {field.name: getattr(event, field.name) for field in fields(event)}


def _entry(recorded: Recorded, plain: dict[Sealed, str | None]) -> dict[str, Any]:
    values = _values(recorded)
    sealed = {name: value for name, value in values.items() if isinstance(value, Sealed)}
    return {
        "version": recorded.version,
        "type": recorded.type,
        "at": recorded.at,
        "actor": recorded.actor,
        "request_id": recorded.request_id,
        "trace_id": recorded.trace_id,
        "data": values | {name: plain[value] for name, value in sealed.items()},
        "erased": sorted(name for name, value in sealed.items() if plain[value] is None),
    }
