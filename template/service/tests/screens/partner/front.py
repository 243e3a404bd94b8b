"""How tests come in as somebody."""

from typing import Any

import httpx2
from fastapi import FastAPI

from ...conftest import Token, UnitOfWork
from .conftest import callers, keys

SCOPES = ("screens:read", "screens:write", "webhooks:write")


async def new_key(app: FastAPI, partner: str, **changes: Any) -> str:
    given = {"name": "test", "scopes": SCOPES, "quota": keys.Quota(1000, 3600), **changes}
    unit = UnitOfWork(app.state.database)
    made: str = await keys.create(unit, partner=partner, **given)
    return made


async def sign_in(client: httpx2.AsyncClient, app: FastAPI, _: Token, subject: str) -> None:
    """From here on, the client is this partner's."""
    client.headers[callers.HEADER] = await new_key(app, subject)
