# Sealed: an update replaces this file.
"""Optimistic locking over HTTP: `ETag` says which version, `If-Match` insists on it."""

import re
from typing import Annotated

from fastapi import Depends, Header

from .errors import PreconditionFailedError


class VersionChangedError(PreconditionFailedError):
    def __init__(self) -> None:
        super().__init__("it has changed since you read it: read it again")


def etag(version: int) -> str:
    return f'"{version}"'


async def _if_match(
    if_match: Annotated[
        str | None, Header(description="Act only on the version with this `ETag`.")
    ] = None,
) -> int | None:
    """The version that the caller insists on; any when there is no header, or `*`."""
    if if_match is None or if_match.strip() == "*":
        return None
    match = re.fullmatch(r'"(\d{1,9})"', if_match.strip())
    if match is None:
        raise VersionChangedError
    return int(match[1])


IfMatch = Annotated[int | None, Depends(_if_match)]
