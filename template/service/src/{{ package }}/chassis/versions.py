# Sealed: an update replaces this file.
"""Optimistic locking over HTTP: `ETag` says which version, `If-Match` insists on it."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header

from .errors import PreconditionFailedError

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"[ \t,]*{_TAG}(?:[ \t]*,[ \t,]*{_TAG})*[ \t,]*")
_OURS = re.compile(r'"(\d{1,9})"')

_Header = Annotated[str | None, Header(description="Act only on a version with this `ETag`.")]


class VersionChangedError(PreconditionFailedError):
    def __init__(self) -> None:
        super().__init__("it has changed since you read it: read it again")


@dataclass(frozen=True, slots=True)
class Expected:
    """The versions that the caller will act on; any of them when there are none."""

    versions: frozenset[int] | None = None

    def check(self, version: int) -> None:
        """Raises VersionChangedError unless it is one of them."""
        if self.versions is not None and version not in self.versions:
            raise VersionChangedError


def etag(version: int) -> str:
    return f'"{version}"'


async def _expected(if_match: _Header = None) -> Expected:
    """Any of a list of tags will do (RFC 9110, 13.1.1); weak ones and those of others never fit."""
    if if_match is None or if_match.strip() == "*":
        return Expected()
    if not _TAGS.fullmatch(if_match):
        raise VersionChangedError
    tags = map(_OURS.fullmatch, re.findall(_TAG, if_match))
    return Expected(frozenset(int(tag[1]) for tag in tags if tag))


ExpectedVersions = Annotated[Expected, Depends(_expected)]


async def _if_match(expected: ExpectedVersions) -> int | None:
    if expected.versions is None:
        return None
    if len(expected.versions) != 1:
        raise VersionChangedError
    return next(iter(expected.versions))


# Deprecated since 0.2.0: it can carry one version only; `ExpectedVersions` carries a list.
IfMatch = Annotated[int | None, Depends(_if_match)]
