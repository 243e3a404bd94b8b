"""Somebody who keeps the catalogue, and asks it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

import httpx2
from fastapi import FastAPI

_NUMBERS = count(1)


@dataclass
class Shop:
    app: FastAPI
    client: httpx2.AsyncClient
    settings: Any
    category: str = field(default_factory=lambda: f"c-{uuid4().hex}")

    async def add(self, **changes: Any) -> httpx2.Response:
        given = {
            "sku": f"{uuid4().hex[:12].upper()}-{next(_NUMBERS)}",
            "name": "Assam",
            "description": "Malty",
            "category": self.category,
            "price": 450,
            **changes,
        }
        return await self.client.post("/products", json=given)

    async def publish(self, **changes: Any) -> httpx2.Response:
        added = await self.add(**changes)
        assert added.status_code == 201, added.text
        answer = await self.client.post(f"{added.headers['location']}/publish")
        assert answer.status_code == 200, answer.text
        return answer

    async def shown(self, product_id: str, after: httpx2.Response | None = None) -> httpx2.Response:
        return await self.client.get(f"/catalogue/{product_id}", headers=seen(after))

    async def search(self, after: httpx2.Response | None = None, **query: Any) -> dict[str, Any]:
        answer = await self.client.get(
            "/catalogue", params={"category": self.category, **query}, headers=seen(after)
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def names(self, after: httpx2.Response | None = None, **query: Any) -> list[str]:
        return [item["name"] for item in (await self.search(after, **query))["items"]]

    @property
    def model(self) -> Any:
        return self.app.state.catalogue.model

    async def caught_up(self) -> None:
        """Until queries show everything."""

        async def nothing_is_behind() -> bool:
            return not (await self.app.state.catalogue.watch.look()).behind

        await until(nothing_is_behind)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.005)


def seen(after: httpx2.Response | None) -> dict[str, str]:
    return {} if after is None else {"consistency-token": after.headers["consistency-token"]}
