# Sealed: an update replaces this file.
"""Prometheus metrics: rate, errors and duration of requests, requests in flight."""

import os
from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from .config import CoreSettings

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
DURATION = Histogram(
    "http_server_request_duration_seconds",
    "Time from the first byte of a request to the end of its answer.",
    ("method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
IN_FLIGHT = Gauge(
    "http_server_active_requests",
    "Requests that are being answered.",
    multiprocess_mode="livesum",
)


@lru_cache(maxsize=2048)
def _series(method: str, route: str, status: int) -> Histogram:
    return DURATION.labels(method, route, str(status))


def observe(method: str, route: str | None, status: int, seconds: float) -> None:
    """Count a request under its route, never its path: paths are without number."""
    _series(method if method in METHODS else "OTHER", route or "none", status).observe(seconds)


def install(app: FastAPI, _settings: CoreSettings) -> None:
    app.add_route("/metrics", _metrics, include_in_schema=False)


async def _metrics(_: Request) -> Response:
    return Response(generate_latest(_registry()), media_type=CONTENT_TYPE_LATEST)


def _registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    for file in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("gauge_live*.db"):
        if not _lives(pid := int(file.stem.rpartition("_")[2])):
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
