# Sealed: an update replaces this file.
"""The FastAPI application as every service has it: limits, documentation pages, CORS."""

from functools import partial
from importlib.metadata import metadata

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline
from pydantic import Field

from . import problems
from .config import CommaSeparated, CoreSettings
from .health import PROBES
from .lifecycle import Lifecycle, lifespan


class WebSettings(CoreSettings):
    cors_origins: CommaSeparated = Field(
        (), description="Origins of browsers that may call, separated by commas; none by default."
    )
    docs: bool | None = Field(
        None, description="Serve the OpenAPI document and `/docs`; by default in development only."
    )

    @property
    def serves_docs(self) -> bool:
        return not self.production if self.docs is None else self.docs


def application(settings: WebSettings) -> FastAPI:
    package = metadata(settings.service)
    build = (
        partial(FastAPIOffline, redoc_url=None)
        if settings.serves_docs
        else partial(FastAPI, openapi_url=None)
    )
    app = build(
        title=settings.service,
        description=package["Summary"],
        version=package["Version"],
        lifespan=lifespan,
        redirect_slashes=False,
        responses=problems.documented(413, 422, 500, 503),
        telemetry={
            "operation_spans": False,
            "metrics": False,
            "logs": False,
            "exclude": lambda scope: scope.get("path") in PROBES,
        },
    )
    app.state.lifecycle = Lifecycle()
    _allow_origins(app, settings.cors_origins)
    return app


def _allow_origins(app: FastAPI, origins: tuple[str, ...]) -> None:
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
            allow_headers=["authorization", "content-type", "idempotency-key", "if-match"],
            expose_headers=["etag", "location", "x-request-id"],
        )
