# Sealed: an update replaces this file.
"""Exceptions that nobody handled, sent to Sentry or a service that speaks its protocol."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI
from pydantic import AfterValidator, Field, SecretStr

from . import lifecycle
from .config import CoreSettings
from .context import current


def _dsn(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"https?://[^\s/@]+@[^\s/@]+/\S+", value.get_secret_value()):
        raise ValueError("a DSN looks like `https://key@host/project`")
    return value


class ExceptionsSettings(CoreSettings):
    sentry_dsn: Annotated[SecretStr, AfterValidator(_dsn)] | None = Field(
        None, description="Where unhandled exceptions are reported; nowhere without it."
    )


def install(app: FastAPI, settings: ExceptionsSettings) -> None:
    if settings.sentry_dsn is None:
        return
    import sentry_sdk  # only where a DSN asks for it

    sentry_sdk.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        environment=settings.environment,
        # The edge reports by itself: what it sends holds no header, body or local variable.
        default_integrations=False,
        auto_enabling_integrations=False,
        data_collection={
            "user_info": False,
            "http_bodies": [],
            "stack_frame_variables": False,
        },
    )
    app.state.crashes.listeners.append(_report)
    lifecycle.of(app).resources.append(_flushed)


def _report(error: Exception) -> None:
    import sentry_sdk

    with sentry_sdk.new_scope() as scope:
        if (request := current.get()) is not None:
            scope.set_tag("request_id", request.request_id)
            scope.set_tag("trace_id", request.trace_id)
        scope.capture_exception(error)


@asynccontextmanager
async def _flushed() -> AsyncIterator[None]:
    import sentry_sdk

    yield
    await asyncio.to_thread(sentry_sdk.flush, 2.0)
