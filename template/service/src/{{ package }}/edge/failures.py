"""What went wrong at an upstream, and what that means to our caller, who never learns which."""

import aiohttp
import structlog

from ..chassis.discovery import Instance
from ..chassis.errors import DomainError
from ..chassis.http import BadGatewayError, UpstreamTimeoutError, UpstreamUnavailableError

log = structlog.get_logger()

TRANSIENT = frozenset({502, 503, 504})


class AgainError(Exception):
    """This attempt failed, and there will be another."""


class BrokenOffError(Exception):
    """The answer ended before its time: the connection must too."""


def was_sent(error: Exception) -> bool:
    """Whether the upstream may have seen the request."""
    return not isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)


def is_transient(error: Exception) -> bool:
    return isinstance(error, aiohttp.ClientConnectionError) or not was_sent(error)


def meaning(error: Exception) -> DomainError:
    if not was_sent(error):
        return UpstreamUnavailableError("a service that this needs is away")
    if isinstance(error, TimeoutError):
        return UpstreamTimeoutError("a service that this needs took too long")
    if isinstance(error, aiohttp.ClientConnectionError):
        return BadGatewayError("a service that this needs broke off")
    return BadGatewayError("a service that this needs answered what cannot be passed on")


def tell(error: Exception, upstream: str, instance: Instance, attempt: int) -> None:
    log.warning(
        "upstream_failed",
        upstream=upstream,
        instance=instance.url,
        attempt=attempt,
        error=type(error).__name__,
    )
