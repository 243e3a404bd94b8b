# Sealed: an update replaces this file.
"""The limit for request bodies: stopped by its announced length, or while it streams in."""

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

TOO_LARGE = 413


class BodyLimit:
    """Wraps `receive`; raises HTTPException 413 as soon as more than `most` bytes came in."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(TOO_LARGE, headers={"Connection": "close"})
        return message


def announces_more(scope: Scope, most: int) -> bool:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return value.isdigit() and int(value) > most
    return False
