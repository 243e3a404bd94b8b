# Sealed: an update replaces this file.
"""The kinds of errors that a domain can raise; `problems` turns them into answers."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar


class DomainError(Exception):
    """A rule said no. Subclasses say which; their kind decides the HTTP status."""

    status: ClassVar[int] = 500
    headers: Mapping[str, str] = MappingProxyType({})

    @property
    def title(self) -> str:
        words = re.sub(r"(?<!^)(?=[A-Z])", " ", type(self).__name__.removesuffix("Error"))
        return words.capitalize()


class NotFoundError(DomainError):
    status = 404


class ConflictError(DomainError):
    """The request is fine, but not in the state that things are in."""

    status = 409


class PreconditionFailedError(DomainError):
    """The caller's `If-Match` names an older version."""

    status = 412


class RejectedError(DomainError):
    """The request is well formed, but a rule forbids its content."""

    status = 422


class ForbiddenError(DomainError):
    status = 403


class UnavailableError(DomainError):
    """Something that the service depends on does not answer; worth trying again."""

    status = 503
    headers = MappingProxyType({"Retry-After": "1"})
