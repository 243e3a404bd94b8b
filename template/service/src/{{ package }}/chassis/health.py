# Sealed: an update replaces this file.
"""Health checks: alive, started, ready for traffic."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from . import lifecycle
from .config import CoreSettings

log = structlog.get_logger()

Check = Callable[[], Awaitable[None]]
# What machines ask again and again: not traced, and logged only when it fails.
PROBES = frozenset({"/livez", "/readyz", "/startupz", "/metrics"})


class HealthSettings(CoreSettings):
    health_seconds: float = Field(
        2.0, gt=0, le=30, description="How long one readiness check may take."
    )


class Health:
    """The readiness checks by name: a check that raises, or takes too long, has failed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._checks: dict[str, Check] = {}
        self._round: asyncio.Task[dict[str, str]] | None = None

    def add(self, name: str, check: Check) -> None:
        self._checks[name] = check

    async def report(self) -> dict[str, str]:
        """The state of every check; who asks while a round is under way shares its result.

        The checks open connections of their own, and anybody may ask.
        """
        if self._round is None or self._round.done():
            self._round = asyncio.create_task(self._check_all())
        return await asyncio.shield(self._round)

    async def _check_all(self) -> dict[str, str]:
        results = await asyncio.gather(*map(self._run, self._checks.values()))
        return dict(zip(self._checks, results, strict=True))

    async def _run(self, check: Check) -> str:
        try:
            async with asyncio.timeout(self._seconds):
                await check()
        except TimeoutError:
            return f"no answer within {self._seconds:g} s"
        except Exception as error:  # noqa: BLE001 - whatever it is, the check failed
            # The name only: messages of drivers carry addresses and user names.
            return f"failed: {type(error).__name__}"
        return "ok"


def install(app: FastAPI, settings: HealthSettings) -> None:
    app.state.health = Health(settings.health_seconds)
    for path, endpoint in (("/livez", _alive), ("/startupz", _started), ("/readyz", _ready)):
        app.add_route(path, endpoint, include_in_schema=False)


async def _alive(_: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _started(request: Request) -> Response:
    started = lifecycle.of(request.app).started
    return JSONResponse({"status": "started" if started else "starting"}, 200 if started else 503)


async def _ready(request: Request) -> Response:
    if lifecycle.of(request.app).draining:
        return JSONResponse({"status": "stopping"}, 503)
    checks = await request.app.state.health.report()
    ready = all(result == "ok" for result in checks.values())
    if not ready:
        log.warning("not_ready", checks=checks)
    status = {"status": "ready" if ready else "unavailable", "checks": checks}
    return JSONResponse(status, 200 if ready else 503)
