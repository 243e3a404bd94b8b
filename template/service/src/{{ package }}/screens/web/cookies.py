"""The cookies of a browser: no script reads them, no other site sends them along with a change."""

from fastapi import Response

from .callers import Web


def put(answer: Response, web: Web, name: str, value: str, seconds: int | None = None) -> None:
    answer.set_cookie(name, value, seconds, secure=web.secure, httponly=True, samesite="lax")


def clear(answer: Response, web: Web, name: str) -> None:
    answer.delete_cookie(name, secure=web.secure, httponly=True, samesite="lax")
