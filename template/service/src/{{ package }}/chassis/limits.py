# Sealed: an update replaces this file.
"""The limits for requests: how long, how much body, and whether it is still awaited."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

TOO_SLOW = 408
TOO_LARGE = 413


@dataclass(frozen=True, slots=True)
class Terms:
    """What the edge holds a request to; `scope["terms"]` sets others for one request.

    `seconds` until the answer starts; None where whoever answers sees to that.
    """

    seconds: float | None
    max_body_bytes: int


class BodyLimit:
    """Wraps `receive`; raises HTTPException 413 as soon as more than `most` bytes came in.

    While the application waits for the rest of the body, it is `awaited`.
    """

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most
        self._whole = self.awaited = False

    async def __call__(self) -> Message:
        self.awaited = not self._whole
        message = await self._receive()
        self.awaited = False
        self._whole = not message.get("more_body", False)
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(TOO_LARGE, headers={"Connection": "close"})
        return message


def announces_more(scope: Scope, most: int) -> bool:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return value.isdigit() and int(value) > most
    return False
