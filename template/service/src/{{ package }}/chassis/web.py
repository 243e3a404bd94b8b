# Sealed: an update replaces this file.
"""The FastAPI application as every service has it: documented errors, documentation pages."""

from functools import partial
from importlib.metadata import metadata

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from pydantic import Field

from . import cors, problems
from .health import PROBES
from .lifecycle import Lifecycle, lifespan

_DOCUMENTED = partial(FastAPIOffline, redoc_url=None)
_PLAIN = partial(FastAPI, openapi_url=None)


class WebSettings(cors.CorsSettings):
    docs: bool | None = Field(
        None, description="Serve the OpenAPI document and `/docs`; by default in development only."
    )

    @property
    def serves_docs(self) -> bool:
        return not self.production if self.docs is None else self.docs


def application(settings: cors.CorsSettings) -> FastAPI:
    """Without settings for it, as where nobody calls, there is no documentation of an API."""
    package = metadata(settings.service)
    documented = isinstance(settings, WebSettings) and settings.serves_docs
    app = (_DOCUMENTED if documented else _PLAIN)(
        title=settings.service,
        description=package["Summary"],
        version=package["Version"],
        lifespan=lifespan,
        redirect_slashes=False,
        responses=problems.documented(408, 413, 422, 500, 503, 504),
        telemetry={
            "operation_spans": False,
            "metrics": False,
            "logs": False,
            "exclude": lambda scope: scope.get("path") in PROBES,
        },
    )
    app.state.lifecycle = Lifecycle()
    cors.allow(app, settings)
    return app
