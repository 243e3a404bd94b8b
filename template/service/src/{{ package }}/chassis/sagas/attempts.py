# Sealed: an update replaces this file.
"""One attempt of a step, and why it failed, as far as people may know."""

import asyncio
from dataclasses import dataclass

import structlog

from ..errors import DomainError, UnavailableError
from .definition import Action, Work
from .metrics import FAILURES
from .places import Place

log = structlog.get_logger()

_GATEWAY = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed; `refused`: nothing was done, and another attempt is no use."""

    error: str
    refused: bool = False


async def attempt(action: Action, work: Work, *, seconds: float) -> Failure | None:
    try:
        async with asyncio.timeout(seconds):
            await action(work)
    except Exception as error:  # noqa: BLE001 - whatever it is, the attempt failed
        return _failure(error)
    return None


def tell(failure: Failure, saga: str, place: Place) -> None:
    kind = "refused" if failure.refused else "failed"
    FAILURES.labels(saga, place.name, kind).inc()
    log.warning(
        "saga_step_failed",
        saga=saga,
        saga_id=str(place.saga_id),
        step=place.name,
        kind=place.kind,
        error=failure.error,
        refused=failure.refused,
    )


def _failure(error: Exception) -> Failure:
    if isinstance(error, TimeoutError):
        return Failure("no answer in time")
    if not isinstance(error, DomainError):
        return Failure(type(error).__name__)  # its message may hold anything
    away = isinstance(error, UnavailableError) or error.status in _GATEWAY
    return Failure(str(error) or error.title, refused=not away)
