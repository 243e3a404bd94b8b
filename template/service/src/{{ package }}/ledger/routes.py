"""The HTTP face of the ledger."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from pydantic import AwareDatetime

from ..chassis import event_store, problems
from ..chassis.auth import Caller, requires
from ..chassis.database import Reads
from ..chassis.event_store import AsOf, Store
from ..chassis.events import Unit, consume
from ..chassis.idempotency import Once
from ..chassis.versions import ExpectedVersions, etag
from . import handlers, queries, schemas, use_cases
from .domain import Account, Payment
from .projections import PROJECTIONS
from .settings import SliceSettings
from .use_cases import Bill, Books

SCOPES = ("ledger:read", "ledger:write", "ledger:erase")
Reader = Annotated[Caller, requires("ledger:read")]
Writer = Annotated[Caller, requires("ledger:write")]
Eraser = Annotated[Caller, requires("ledger:erase")]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="As it was then.")]
Time = Annotated[AwareDatetime | None, Query(description="As it was then, with a time zone.")]
UNKNOWN = problems.documented(404)
MOVED = problems.documented(400, 404, 409, 412, 415)

router = APIRouter(tags=["ledger"], responses=problems.documented(401, 403))


async def _books(request: Request) -> Books:
    books: Books = request.app.state.books
    return books


Ledger = Annotated[Books, Depends(_books)]


class Changing:
    """Makes a change: once for each idempotency key."""

    def __init__(self, unit: Unit, books: Ledger, caller: Writer, once: Once) -> None:
        self._unit, self._books, self._caller, self._once = unit, books, caller, once

    async def __call__(
        self, act: Callable[..., Awaitable[Account]], *, status: int = 200, **values: Any
    ) -> Response:
        action = partial(act, self._unit, self._books, **values)
        caller, answer = self._caller.subject, partial(_receipt, status=status)
        return await self._once(self._unit, action, caller=caller, answer=answer)


Change = Annotated[Changing, Depends(Changing)]


@router.post(
    "/accounts",
    status_code=201,
    response_model=schemas.Receipt,
    responses=problems.documented(400, 409, 415),
)
async def open_account(body: schemas.OpenAccount, change: Change) -> Response:
    """Open an account; an owner has one in each currency."""
    return await change(use_cases.open_account, status=201, **dict(body))


@router.get("/accounts", response_model=schemas.AccountPage)
async def index(
    reads: Reads,
    store: Store,
    _: Reader,
    owner: Annotated[schemas.Owner | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> dict[str, Any]:
    """Accounts, newest first; the list follows changes within moments."""
    return await queries.list_accounts(reads, store, owner=owner, limit=limit, cursor=cursor)


@router.get("/accounts/{account_id}", response_model=schemas.AccountOut, responses=UNKNOWN)
async def read(
    account_id: UUID,
    reads: Reads,
    store: Store,
    _: Reader,
    response: Response,
    at: Time = None,
    version: Version = None,
) -> dict[str, Any]:
    """An account, as it is or as it was."""
    account = await queries.read_account(
        reads, store, account_id=account_id, as_of=AsOf(version=version, at=at)
    )
    response.headers["etag"] = etag(account["version"])
    return account


@router.get("/accounts/{account_id}/history", response_model=schemas.History, responses=UNKNOWN)
async def history(
    account_id: UUID,
    reads: Reads,
    store: Store,
    _: Reader,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """What has happened to an account: what, when, by whom, in which request."""
    return await queries.read_history(reads, store, account_id=account_id, after=after, limit=limit)


@router.post("/accounts/{account_id}/deposits", response_model=schemas.Receipt, responses=MOVED)
async def deposit(
    account_id: UUID, body: schemas.Move, change: Change, expected: ExpectedVersions
) -> Response:
    """Put money on an account; an `Idempotency-Key` makes it safe to send this again."""
    return await change(use_cases.deposit, account_id=account_id, expected=expected, **dict(body))


@router.post("/accounts/{account_id}/withdrawals", response_model=schemas.Receipt, responses=MOVED)
async def withdraw(
    account_id: UUID, body: schemas.Move, change: Change, expected: ExpectedVersions
) -> Response:
    """Take money from an account, which never goes below zero."""
    return await change(use_cases.withdraw, account_id=account_id, expected=expected, **dict(body))


@router.post(
    "/accounts/{account_id}/close",
    response_model=schemas.Receipt,
    responses=problems.documented(404, 409, 412),
)
async def close(account_id: UUID, change: Change, expected: ExpectedVersions) -> Response:
    """Close an account that is empty."""
    return await change(use_cases.close_account, account_id=account_id, expected=expected)


@router.put(
    "/payments/{order_id}",
    response_model=schemas.PaymentOut,
    responses={
        **problems.documented(400, 409, 415),
        201: {"model": schemas.PaymentOut, "description": "Taken now."},
    },
)
async def take_payment(
    order_id: UUID,
    body: schemas.TakePayment,
    unit: Unit,
    books: Ledger,
    _: Writer,
    response: Response,
) -> Payment:
    """Take what an order costs from the customer's account: once, however often this is sent."""
    bill = Bill(order_id=order_id, **dict(body))
    payment, now = await use_cases.take_payment(unit, books, bill)
    response.status_code = 201 if now else 200
    return payment


@router.get("/payments/{order_id}", response_model=schemas.PaymentOut, responses=UNKNOWN)
async def read_payment(order_id: UUID, reads: Reads, store: Store, _: Reader) -> Payment:
    """What became of the payment of an order."""
    return await queries.read_payment(reads, store, order_id=order_id)


@router.delete("/payments/{order_id}", status_code=204)
async def cancel_payment(order_id: UUID, unit: Unit, books: Ledger, _: Writer) -> None:
    """Refund it if it was taken; if it was not, it never will be."""
    await use_cases.cancel_payment(unit, books, order_id=order_id)


@router.delete("/owners/{owner}/personal-data", status_code=204, responses=UNKNOWN)
async def erase(owner: schemas.Owner, unit: Unit, books: Ledger, _: Eraser) -> None:
    """Erase names and memos of an owner everywhere, for good; what happened stays known."""
    await use_cases.erase_personal_data(unit, books, owner=owner)


def _receipt(account: Account, *, status: int) -> Response:
    body = schemas.Receipt.model_validate(account).model_dump_json()
    headers = {"etag": etag(account.version)}
    if status == 201:
        headers["location"] = f"/accounts/{account.id}"
    return Response(body, status, headers=headers, media_type="application/json")


def install(app: FastAPI, settings: SliceSettings) -> None:
    books = app.state.books = Books(app.state.event_store, settings.ledger_merchant)
    event_store.project(app, PROJECTIONS)
    consume(app, handlers.listening(books))
    app.include_router(router)
