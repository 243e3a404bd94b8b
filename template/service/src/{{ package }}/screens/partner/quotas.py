"""Quotas: counted in the database, so that all replicas count together."""

import time
from collections.abc import Callable

from sqlalchemy import case
from sqlalchemy.dialects import postgresql, sqlite
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...chassis.errors import DomainError
from ...chassis.unit_of_work import UnitOfWork
from .keys import Key
from .tables import UsageRow

_TOLD = "quota_headers"


class QuotaExceededError(DomainError):
    status = 429


class Quotas:
    """Fixed windows that begin at whole multiples of their length."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    async def use(self, unit: UnitOfWork, key: Key, scope: Scope) -> None:
        """Count one request, and have its answer say what is left. Raises QuotaExceededError."""
        at, quota = self._clock(), key.quota
        window = int(at) // quota.seconds
        used = await _counted(unit, key.id, window)
        left = max(0, quota.requests - used)
        reset = max(1, round((window + 1) * quota.seconds - at))
        # As the draft of the IETF says it.
        scope[_TOLD] = {
            "ratelimit-policy": f'"key";q={quota.requests};w={quota.seconds}',
            "ratelimit": f'"key";r={left};t={reset}',
        }
        if used > quota.requests:
            error = QuotaExceededError("the quota of this key is used up: wait, and come again")
            error.headers = {"Retry-After": str(reset)}
            raise error


async def _counted(unit: UnitOfWork, key_id: str, window: int) -> int:
    """One statement, so that no two requests count the same."""
    async with unit:
        dialect = unit.session.get_bind().dialect.name
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        statement = insert(UsageRow).values(key_id=key_id, window=window, used=1)
        again = case((UsageRow.window == window, UsageRow.used + 1), else_=1)
        counting = statement.on_conflict_do_update(
            index_elements=["key_id"], set_={"window": window, "used": again}
        ).returning(UsageRow.used)
        return int((await unit.session.execute(counting)).scalar_one())


class QuotaHeaders:
    """ASGI middleware: every answer to a request that was counted says what is left."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start" and _TOLD in scope:
                MutableHeaders(scope=message).update(scope[_TOLD])
            await send(message)

        await self._app(scope, receive, tell)
