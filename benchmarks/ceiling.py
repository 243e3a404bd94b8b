"""The ceiling: the same orders by hand, FastAPI and asyncpg, with no logs, metrics or limits.

Run by `service.py` with the libraries of the generated service, over its tables.
"""

import base64
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import asyncpg
import jwt
import orjson
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field

CHECKS = {
    "algorithms": ["EdDSA"],
    "audience": os.environ["AUDIENCE"],
    "issuer": os.environ["ISSUER"],
}
CACHES = os.environ["TOKEN_CACHE"] == "1"
verified: dict[str, tuple[float, dict[str, Any]]] = {}


class Line(BaseModel):
    sku: str = Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$")
    quantity: int = Field(ge=1, le=1000)
    unit_price: int = Field(ge=0, le=100_000_00)


class PlaceOrder(BaseModel):
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    lines: list[Line] = Field(min_length=1, max_length=100)
    note: str | None = Field(None, max_length=200)


class Order(BaseModel):
    id: UUID
    status: str
    currency: str
    lines: list[Line]
    note: str | None
    total: int
    placed_at: datetime
    changed_at: datetime
    version: int


class Page(BaseModel):
    items: list[Order]
    next: str | None


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    keys = jwt.PyJWKClient(os.environ["JWKS_URL"]).get_signing_keys()
    app.state.keys = {key.key_id: key for key in keys}
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], init=_json) as app.state.pool:
        yield


async def _json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "json",
        schema="pg_catalog",
        encoder=lambda value: orjson.dumps(value).decode(),
        decoder=orjson.loads,
    )


app = FastAPI(lifespan=lifespan)


async def claims(request: Request) -> dict[str, Any]:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    known = verified.get(token)
    if CACHES and known is not None and known[0] > time.time():
        return known[1]
    try:
        key = request.app.state.keys[jwt.get_unverified_header(token)["kid"]]
        found = jwt.decode(token, key, **CHECKS, options={"require": ["exp", "sub"]})
    except (KeyError, jwt.InvalidTokenError) as error:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from error
    verified[token] = (min(found["exp"], time.time() + 60), found)
    return found


Claims = Annotated[dict[str, Any], Depends(claims)]


@app.get("/livez")
async def alive() -> dict[str, str]:
    return {"status": "alive"}


@app.get("/orders/{order_id}", response_model=Order)
async def read(order_id: UUID, caller: Claims) -> Any:
    query = "SELECT * FROM orders WHERE id = $1 AND customer = $2"
    row = await app.state.pool.fetchrow(query, order_id, caller["sub"])
    if row is None:
        raise HTTPException(404)
    return dict(row)


@app.get("/orders", response_model=Page)
async def index(caller: Claims, limit: int = 20) -> Any:
    query = "SELECT * FROM orders WHERE customer = $1 ORDER BY placed_at DESC, id DESC LIMIT $2"
    rows = await app.state.pool.fetch(query, caller["sub"], limit + 1)
    items = [dict(row) for row in rows[:limit]]
    last = f"{items[-1]['placed_at']} {items[-1]['id']}" if len(rows) > limit else None
    return {"items": items, "next": last and base64.urlsafe_b64encode(last.encode()).decode()}


@app.post("/orders", status_code=201, response_model=Order)
async def place(body: PlaceOrder, caller: Claims) -> Any:
    query = (
        "INSERT INTO orders VALUES ($1, $2, 'placed', $3, $4, $5, $6, $7, $7, 1) RETURNING *"
    )
    lines = [line.model_dump() for line in body.lines]
    total = sum(line.quantity * line.unit_price for line in body.lines)
    order = (uuid4(), caller["sub"], body.currency, lines, body.note, total, datetime.now(UTC))
    return dict(await app.state.pool.fetchrow(query, *order))
