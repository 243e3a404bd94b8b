# Sealed: an update replaces this file.
"""What starts and stops with the service, and how far along it is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from dataclasses import dataclass, field

import structlog
from fastapi import FastAPI

log = structlog.get_logger()

Resource = Callable[[], AbstractAsyncContextManager[object]]
_LAST_STEP_SECONDS = 5.0


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


@asynccontextmanager
async def repeated(
    step: Callable[[], Awaitable[None]], *, seconds: float, woken: asyncio.Event | None = None
) -> AsyncIterator[None]:
    """Takes a step now and then every so many seconds, or when woken; one that fails is logged.

    One that is under way when the block is left may end first: cancelled where it just connects
    to SQLite, it can leave the lock of the file behind.
    """
    waking, ends = woken or asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(_steps(step, seconds, waking, ends))
    try:
        yield
    finally:
        ends.set()
        waking.set()
        await asyncio.wait({task}, timeout=_LAST_STEP_SECONDS)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _steps(
    step: Callable[[], Awaitable[None]], seconds: float, waking: asyncio.Event, ends: asyncio.Event
) -> None:
    while not ends.is_set():
        waking.clear()
        try:
            await step()
        except Exception as error:  # the next may go well
            log.exception("step_failed", error=type(error).__name__)
        if not ends.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await waking.wait()
