# Sealed: an update replaces this file.
"""What starts and stops with the service, and how far along it is."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
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
