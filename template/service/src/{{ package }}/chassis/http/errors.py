# Sealed: an update replaces this file.
"""What a failed call means to our own caller, who is never told which service it was."""

import math
from types import MappingProxyType

from ..errors import DomainError, UnavailableError


class UpstreamUnavailableError(UnavailableError):
    """Not tried, or told to come back: nothing has happened there."""

    def __init__(self, message: str, *, after: float = 1.0) -> None:
        super().__init__(message)
        self.headers = MappingProxyType({"Retry-After": str(max(1, math.ceil(after)))})


class CircuitOpenError(UpstreamUnavailableError):
    pass


class BulkheadFullError(UpstreamUnavailableError):
    pass


class NoInstanceError(UpstreamUnavailableError):
    pass


class UpstreamTimeoutError(DomainError):
    status = 504


class BadGatewayError(DomainError):
    """It answered what cannot be passed on: an error of its own, or rubbish."""

    status = 502


class NoTokenError(UnavailableError):
    """The identity provider gave no token for the call."""
