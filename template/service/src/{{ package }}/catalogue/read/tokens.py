"""Read your own writes: a command's answer says what a query has to wait for.

The token names the product and its version. So it holds for every read model, is known before
the transaction ends, and is still right after a failover.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request
from sqlalchemy import select

from ...chassis.database import Database
from ...chassis.errors import RejectedError, UnavailableError
from ..tables import ProductRow
from .model import ReadModel, versions

HEADER = "consistency-token"
_TOKEN = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([1-9][0-9]{0,8})")
_MOST = 20
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.05


class InvalidTokenError(RejectedError):
    def __init__(self) -> None:
        super().__init__("send a `Consistency-Token` as a command answered it, or some by commas")


class ReadModelBehindError(UnavailableError):
    """Not answered from the write model: that would load it just when changes pile up."""

    def __init__(self) -> None:
        super().__init__("queries do not show your change yet: try again")


def token(product_id: UUID, version: int) -> str:
    return f"{product_id}@{version}"


def parsed(header: str) -> dict[UUID, int]:
    """The newest version that is asked for of each product; raises InvalidTokenError."""
    found: dict[UUID, int] = {}
    parts = [part.strip() for part in header.split(",")]
    for part in parts:
        match = _TOKEN.fullmatch(part)
        if match is None or len(parts) > _MOST:
            raise InvalidTokenError
        product_id, version = UUID(match[1]), int(match[2])
        found[product_id] = max(version, found.get(product_id, 0))
    return found


async def reached(
    model: ReadModel, write: Database, wanted: Mapping[UUID, int], *, seconds: float
) -> None:
    """Waits until queries show these versions, or newer; raises ReadModelBehindError."""
    deadline = asyncio.get_running_loop().time() + seconds
    if not await _missing(model, wanted):
        return
    await _must_be_ours(write, wanted)
    pause = _FIRST_PAUSE
    while await _missing(model, wanted):
        if asyncio.get_running_loop().time() >= deadline:
            raise ReadModelBehindError
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def _missing(model: ReadModel, wanted: Mapping[UUID, int]) -> bool:
    shown = await versions(model, wanted)
    return any(shown.get(product_id, 0) < version for product_id, version in wanted.items())


async def _must_be_ours(write: Database, wanted: Mapping[UUID, int]) -> None:
    """What no command has made will never be shown: that is no reason to wait."""
    query = select(ProductRow.id, ProductRow.version).where(ProductRow.id.in_(wanted))
    made = {row["id"]: row["version"] for row in await write.rows(query)}
    if any(made.get(product_id, 0) < version for product_id, version in wanted.items()):
        raise InvalidTokenError


async def _after(
    request: Request,
    consistency_token: Annotated[
        str | None,
        Header(
            max_length=1000, description="Waits until what this command has done is shown, or 503."
        ),
    ] = None,
) -> None:
    if consistency_token is not None:
        side = request.app.state.catalogue
        wanted = parsed(consistency_token)
        await reached(side.model, side.write, wanted, seconds=side.wait_seconds)


AfterToken = Depends(_after)
