# Sealed: an update replaces this file.
"""The HTTP server: starts, drains and stops."""

import asyncio
import gc
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI
from pydantic import Field

from . import lifecycle
from .config import CoreSettings
from .connection import Connection

log = structlog.get_logger()

_COLLECTED_AFTER = 10_000  # objects: by default it is 700 to 2000, which each few requests make

Handler = Callable[[int, FrameType | None], object]


class ServerSettings(CoreSettings):
    listen_host: str = Field("127.0.0.1", description="The address to listen on.")
    listen_port: int = Field(8000, ge=0, le=65535, description="The port to listen on.")
    workers: int = Field(1, ge=1, le=64, description="Processes that share the port.")
    drain_seconds: float | None = Field(
        None,
        ge=0,
        le=300,
        description="After SIGTERM: how long `/readyz` says 503 while requests are still taken;"
        " 5 in production, 0 in development.",
    )
    shutdown_seconds: int = Field(
        30, ge=1, le=600, description="After that: how long requests in flight may take."
    )

    @property
    def drains_for(self) -> float:
        if self.drain_seconds is None:
            return 5.0 if self.production else 0.0
        return self.drain_seconds


def serve(app: str, settings: ServerSettings) -> None:
    """Run the application factory `module:function` until a signal comes."""
    several = settings.workers > 1
    with tempfile.TemporaryDirectory(prefix="metrics-") if several else nullcontext() as folder:
        if folder:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        uvicorn.run(
            app,
            factory=True,
            host=settings.listen_host,
            port=settings.listen_port,
            workers=settings.workers,
            loop="uvloop",
            http=Connection,
            ws=settings.web_sockets,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_worker_healthcheck=30,
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )


def install(app: FastAPI, settings: ServerSettings) -> None:
    lifecycle.of(app).resources.append(_settled)
    if settings.drains_for:
        lifecycle.of(app).resources.append(lambda: _draining(app, settings.drains_for))


@asynccontextmanager
async def _settled() -> AsyncIterator[None]:
    """What is there after the start stays: the garbage collector looks only at what comes then."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_COLLECTED_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@asynccontextmanager
async def _draining(app: FastAPI, seconds: float) -> AsyncIterator[None]:
    """Readiness goes down first; the server's own handler for SIGTERM runs after the delay."""
    stop = signal.getsignal(signal.SIGTERM)
    if callable(stop):
        signal.signal(signal.SIGTERM, _delayed(stop, lifecycle.of(app), seconds))
    yield


def _delayed(stop: Handler, state: lifecycle.Lifecycle, seconds: float) -> Handler:
    loop = asyncio.get_running_loop()

    def drain(number: int, frame: FrameType | None) -> None:
        delay = 0.0 if state.draining else seconds  # a second signal means now
        state.draining = True
        # No logging here: the signal may have come while a line was written, with its lock held.
        loop.call_soon_threadsafe(announce, delay, number, frame)

    def announce(delay: float, number: int, frame: FrameType | None) -> None:
        log.info("draining", seconds=delay)
        loop.call_later(delay, lambda: stop(number, frame))

    return drain
