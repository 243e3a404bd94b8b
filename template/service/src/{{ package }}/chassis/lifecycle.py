# Sealed: an update replaces this file.
"""What starts and stops with the service, and how far along it is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from dataclasses import dataclass, field

from fastapi import FastAPI

Resource = Callable[[], AbstractAsyncContextManager[object]]


@dataclass
class Lifecycle:
    """Resources are opened in the order they were added, and closed in reverse."""

    resources: list[Resource] = field(default_factory=list)
    started: bool = False
    draining: bool = False


def of(app: FastAPI) -> Lifecycle:
    lifecycle: Lifecycle = app.state.lifecycle
    return lifecycle


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    lifecycle = of(app)
    async with AsyncExitStack() as stack:
        for resource in lifecycle.resources:
            await stack.enter_async_context(resource())
        lifecycle.started = True
        yield
        lifecycle.draining = True


@asynccontextmanager
async def background(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Runs beside the service, and has ended when the block is left."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
