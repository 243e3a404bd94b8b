"""A composed route: several calls to upstreams at once, joined into one answer."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from pydantic import BaseModel
from starlette.types import Message, Scope

from ..chassis.errors import DomainError, UnavailableError
from ..chassis.verifier import Caller
from .failures import BrokenOffError
from .gateway import Gateway
from .headers import Incoming, sender
from .visit import Visit

log = structlog.get_logger()

# Each part is a path as clients know it: its route says where it is, and what it takes.
PARTS: Mapping[str, str] = {"orders": "/orders?limit=5", "returns": "/api/returns?limit=5"}
_LARGEST = 1_000_000


class Overview(BaseModel):
    """`missing` names the parts that could not be had."""

    orders: Any = None
    returns: Any = None
    missing: list[str] = []


class PartMissingError(UnavailableError):
    """None of the parts is there."""


async def compose(gateway: Gateway, scope: Scope, caller: Caller) -> Overview:
    """Raises PartMissingError where there is nothing to tell."""
    found = await asyncio.gather(
        *(_part(gateway, scope, caller, target) for target in PARTS.values())
    )
    parts = dict(zip(PARTS, found, strict=True))
    missing = [name for name, part in parts.items() if part is None]
    if len(missing) == len(PARTS):
        raise PartMissingError("nothing of it can be had at the moment")
    return Overview(**parts, missing=missing)


async def _part(gateway: Gateway, scope: Scope, caller: Caller, target: str) -> Any:
    """The JSON of one part; None where the caller may not see it, or it cannot be had."""
    try:
        return await _fetch(gateway, scope, caller, target)
    except (DomainError, BrokenOffError, ValueError) as error:
        log.info("part_missing", target=target, why=type(error).__name__)
        return None


async def _fetch(gateway: Gateway, scope: Scope, caller: Caller, target: str) -> Any:
    path, _, query = target.partition("?")
    head = Incoming([(b"accept", b"application/json")], "gateway")
    route = gateway.table.find(head.host, path, "GET")
    if route is None or not all(caller.may(each) for each in route.part.scopes or ()):
        return None
    own = {"method": "GET", "path": path, "raw_path": path.encode(), "headers": head.passed}
    inner = {**scope, **own, "query_string": query.encode()}
    answer = Collected()
    address, scheme = sender(scope, gateway.settings.trusted_proxies)
    visit = Visit(inner, _silence, answer.send, route, head, address, scheme, caller)
    visit.tenant = gateway.identity.tenant(caller)
    await gateway.answer(visit)
    return orjson.loads(answer.body) if answer.status == 200 else None


class Collected:
    """An answer that is kept instead of sent; raises ValueError where it is too large."""

    def __init__(self) -> None:
        self.status, self.body = 0, b""

    async def send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")
        if len(self.body) > _LARGEST:
            raise ValueError("too large for a part")


async def _silence() -> Message:
    await asyncio.Event().wait()
    return {"type": "http.disconnect"}
