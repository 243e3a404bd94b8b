"""The least that a proxy in Python can be: raw ASGI, aiohttp's client, streamed bodies.

UPSTREAM=http://127.0.0.1:8001 uvicorn bare_proxy:app
"""

import os
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

UPSTREAM = os.environ["UPSTREAM"]
_HOP = frozenset({b"connection", b"host", b"transfer-encoding", b"date", b"server"})
_session: aiohttp.ClientSession | None = None


async def app(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application."""
    global _session  # noqa: PLW0603 - made in the loop that uses it
    if scope["type"] != "http":
        return
    if _session is None:
        connector = aiohttp.TCPConnector(limit=0)
        jar = aiohttp.DummyCookieJar()
        _session = aiohttp.ClientSession(
            connector=connector, cookie_jar=jar, auto_decompress=False
        )
    headers = [(k.decode(), v.decode()) for k, v in scope["headers"] if k not in _HOP]
    has_body = any(k == b"content-length" for k, _ in scope["headers"])
    async with _session.request(
        scope["method"],
        UPSTREAM + scope["path"],
        headers=headers,
        data=_body(receive) if has_body else None,
        allow_redirects=False,
    ) as answer:
        told = [(k.lower(), v) for k, v in answer.raw_headers if k.lower() not in _HOP]
        await send({"type": "http.response.start", "status": answer.status, "headers": told})
        async for chunk in answer.content.iter_any():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _body(receive: Any) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        yield message.get("body", b"")
