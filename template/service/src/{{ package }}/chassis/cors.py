# Sealed: an update replaces this file.
"""Browsers of other origins: which may call, and read what they are told."""

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from pydantic import Field
from starlette.datastructures import Headers
from starlette.types import Scope

from .config import CommaSeparated, CoreSettings

_EXPOSED = ("etag", "location", "x-request-id")


class CorsSettings(CoreSettings):
    cors_origins: CommaSeparated = Field(
        (), description="Origins of browsers that may call, separated by commas; none by default."
    )


def allow(app: FastAPI, settings: CorsSettings) -> None:
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
            allow_headers=["authorization", "content-type", "idempotency-key", "if-match"],
            expose_headers=_EXPOSED,
        )


def headers(scope: Scope, origins: tuple[str, ...]) -> list[tuple[bytes, bytes]]:
    """For answers that are made around the middleware: without these no browser shows them."""
    origin = Headers(scope=scope).get("origin")
    if origin is None or not {origin, "*"} & set(origins):
        return []
    allowed = "*" if "*" in origins else origin
    return [
        (b"access-control-allow-origin", allowed.encode("latin-1")),
        (b"access-control-expose-headers", ", ".join(_EXPOSED).encode()),
        (b"vary", b"Origin"),
    ]
