"""Waits for what a gateway does by itself."""

import asyncio

import httpx2

_PAUSE = 0.02
_TIMES = 250


async def until_status(client: httpx2.AsyncClient, path: str, status: int) -> None:
    last = 0
    for _ in range(_TIMES):
        if (last := (await client.get(path)).status_code) == status:
            return
        await asyncio.sleep(_PAUSE)
    raise AssertionError(f"`{path}` answers {last}")


async def until_metric(client: httpx2.AsyncClient, line: str) -> None:
    for _ in range(_TIMES):
        if line in (await client.get("/metrics")).text:
            return
        await asyncio.sleep(_PAUSE)
    raise AssertionError(f"no metric says `{line}`")
