# Sealed: an update replaces this file.
"""Traces by OpenTelemetry: FastAPI makes the spans, this sends them on."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from pydantic import Field, HttpUrl

from . import lifecycle
from .config import CoreSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


class TracingSettings(CoreSettings):
    otlp_endpoint: HttpUrl | None = Field(
        None,
        description="OTLP/HTTP collector, such as `http://localhost:4318`; without it (and without"
        " `OTEL_EXPORTER_OTLP_ENDPOINT`) nothing is recorded.",
    )
    trace_ratio: float = Field(
        1.0, ge=0, le=1, description="Share of new traces that is recorded; a caller's choice wins."
    )
    trace_console: bool = Field(
        False, description="Write finished spans to standard error, for a look at them."
    )

    @property
    def collector(self) -> str | None:
        if self.otlp_endpoint is not None:
            return str(self.otlp_endpoint)
        return os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")


def install(app: FastAPI, settings: TracingSettings) -> None:
    if settings.collector is None and not settings.trace_console:
        return
    # Imported late: a service without a collector saves the time and the memory.
    from opentelemetry import trace

    from .spans import tracer_provider

    provider = tracer_provider(
        service=settings.service,
        collector=settings.collector,
        ratio=settings.trace_ratio,
        console=settings.trace_console,
    )
    trace.set_tracer_provider(provider)
    lifecycle.of(app).resources.append(lambda: _flushed(provider))


@asynccontextmanager
async def _flushed(provider: "TracerProvider") -> AsyncIterator[None]:
    yield
    await asyncio.to_thread(provider.shutdown)
