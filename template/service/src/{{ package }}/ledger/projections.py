"""Makes the read model of accounts: every account with its balance, to be listed and found."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from ..chassis.event_store import Projection, Recorded, within
from .domain import AccountStatus
from .facts import AccountClosed, AccountOpened, Movement
from .tables import AccountRow

_ROWS: Any = AccountRow.__table__
_KEY = ("generation", "id")


class Accounts(Projection):
    name = "accounts"
    version = 1
    tables = (_ROWS,)

    async def apply(
        self, session: AsyncSession, generation: int, events: Sequence[Recorded]
    ) -> None:
        mine = [each for each in events if each.stream.startswith("account-")]
        ids = {UUID(each.stream.removeprefix("account-")) for each in mine}
        if not ids:
            return
        known = select(_ROWS).where(_ROWS.c.generation == generation, _ROWS.c.id.in_(ids))
        rows = {row["id"]: dict(row) for row in await within(session)(known)}
        for each in mine:
            account = UUID(each.stream.removeprefix("account-"))
            blank = {"generation": generation, "id": account, "balance": 0}
            _apply(each, rows.setdefault(account, blank))
        dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        upsert = dialect.insert(_ROWS)
        names = AccountRow.__table__.c.keys()
        changes = {name: upsert.excluded[name] for name in names if name not in _KEY}
        await session.execute(
            upsert.on_conflict_do_update(index_elements=_KEY, set_=changes), list(rows.values())
        )


def _apply(recorded: Recorded, row: dict[str, Any]) -> None:
    event = recorded.event
    row |= {"changed_at": recorded.at, "version": recorded.version}
    match event:
        case AccountOpened(owner=owner, currency=currency, name=name):
            sealed = None if name is None else {"subject": name.subject, "text": name.text}
            row |= {"owner": owner, "currency": currency, "name": sealed}
            row |= {"status": AccountStatus.OPEN, "opened_at": recorded.at}
        case AccountClosed():
            row["status"] = AccountStatus.CLOSED
        case Movement():
            row["balance"] += event.sign * event.amount


PROJECTIONS = (Accounts(),)
