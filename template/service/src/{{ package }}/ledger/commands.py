"""The commands `ledger history` and `ledger replay`, beside those of the event store."""

import argparse
import sys
import time
from typing import Any
from uuid import UUID

from sqlalchemy import select

from ..chassis.database import Database
from ..chassis.event_store import Aggregate, EventStore, active
from ..chassis.event_store import commands as event_store
from ..chassis.event_store.checking import replay
from . import queries
from .domain import Account, Payment
from .projections import PROJECTIONS
from .tables import AccountRow

_ROWS = AccountRow.__table__


def add(commands: Any) -> None:
    """To the command line of the service."""
    summary = "Look at what has happened to accounts, check it, and make read models of it."
    parser = commands.add_parser("ledger", help=summary, description=summary)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    event_store.add(verbs, PROJECTIONS)
    summary = "Show what has happened to an account."
    shown = verbs.add_parser("history", help=summary, description=summary)
    shown.add_argument("account", metavar="ACCOUNT", type=UUID, help="its id")
    shown.set_defaults(action=_history)
    summary = "Make all accounts again from their first event on, and compare what is kept."
    verbs.add_parser("replay", help=summary, description=summary).set_defaults(action=_replay)


def _history(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    async def act(database: Database, loaded: Any) -> None:
        after: int | None = 0
        while after is not None:
            page = await queries.read_history(
                database, EventStore(loaded), account_id=options.account, after=after, limit=500
            )
            after = page["next"]
            for each in page["items"]:
                what = ", ".join(f"{name} {value}" for name, value in each["data"].items())
                at = f"{each['at']:%Y-%m-%d %H:%M:%S}"
                _say(f"{each['version']:5}  {at}  {each['actor']:20}  {each['type']:18}  {what}")

    event_store.run(settings, act)
    return 0


def _replay(_: argparse.Namespace, settings: type[Any], __: str) -> int:
    since = time.monotonic()

    async def act(database: Database, _: Any) -> int:
        query = select(_ROWS.c.id, _ROWS.c.version, _ROWS.c.balance)
        query = query.where(_ROWS.c.generation == active("accounts"))
        kept = {row["id"]: row for row in await database.rows(query)}
        events, streams, problems = 0, 0, list[str]()
        async for aggregate, wrong in replay(database.rows, _blank):
            events += aggregate.version
            streams += 1
            problems += wrong
            row = kept.get(aggregate.id) if isinstance(aggregate, Account) else None
            # A list that is behind is not a list that is wrong.
            if row is not None and row["version"] == aggregate.version:
                problems += _differences(aggregate, row["balance"])
        looked_at = f"{events} events in {streams} streams, {len(kept)} accounts in the list"
        return event_store.report(problems, looked_at=looked_at, since=since)

    return event_store.run(settings, act)


def _differences(account: Aggregate, balance: int) -> list[str]:
    assert isinstance(account, Account)
    if account.balance == balance:
        return []
    return [f"{account.stream}: {account.balance} by its events, {balance} in the list"]


def _blank(stream: str) -> Aggregate | None:
    kind, _, identity = stream.partition("-")
    if kind == "account":
        return Account(id=UUID(identity))
    return Payment(order_id=UUID(identity)) if kind == "payment" else None


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
