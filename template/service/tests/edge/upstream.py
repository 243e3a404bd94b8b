"""An upstream that behaves: tells what reached it, streams, speaks WebSocket, counts."""

import asyncio
import json
import threading
import time
from collections import Counter
from typing import Any, Self
from urllib.parse import parse_qs

import uvicorn

Scope = dict[str, Any]
CHUNK = b"x" * 65_536


class Upstream:
    """`asked` counts requests by path; `gone` is set when a client of `/sse` has left.

    `/late` is answered once `ready` is set.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.gone, self.ready = threading.Event(), threading.Event()
        config = uvicorn.Config(
            self._app,
            port=0,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            ws="websockets-sansio",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()

    async def _app(self, scope: Scope, receive: Any, send: Any) -> None:
        path = scope["path"].rpartition("/")[2]
        self.asked[path] += 1
        if scope["type"] == "websocket":
            await _chat(scope, receive, send)
            return
        serve = getattr(self, f"_{path}", self._echo)
        await serve(scope, receive, send)

    async def _echo(self, scope: Scope, receive: Any, send: Any) -> None:
        """What reached it; headers that the query names are answered."""
        size = await _drain(receive)
        headers = [(k.decode(), v.decode("latin-1")) for k, v in scope["headers"]]
        told = {
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": headers,
            "size": size,
        }
        asked = parse_qs(scope["query_string"].decode())
        extra = [(k.encode(), v.encode()) for k, [v] in asked.items() if k.islower()]
        await _answer(send, json.dumps(told).encode(), extra)

    async def _big(self, scope: Scope, _: Any, send: Any) -> None:
        count = int(scope["query_string"])
        length = (b"content-length", str(count * len(CHUNK)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        for _number in range(count):
            await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _sse(self, _: Scope, receive: Any, send: Any) -> None:
        kind = (b"content-type", b"text/event-stream")
        await send({"type": "http.response.start", "status": 200, "headers": [kind]})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await _drain(receive)
        await receive()  # comes when the client has left
        self.gone.set()

    async def _late(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answers as `_echo` does, once it was told to."""
        await asyncio.to_thread(self.ready.wait, 30)
        await self._echo(scope, receive, send)

    async def _early(self, _: Scope, __: Any, send: Any) -> None:
        """Refuses before it has read the body."""
        await _answer(send, b"enough", [], status=413)

    async def _moved(self, scope: Scope, _: Any, send: Any) -> None:
        host = dict(scope["headers"])[b"host"]
        own = (b"location", b"http://" + host + b"/there?x=1")
        await _answer(send, b"", [own], status=302)


async def _drain(receive: Any) -> int:
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    return size


async def _answer(send: Any, body: bytes, extra: Any, *, status: int = 200) -> None:
    headers = [*extra, (b"content-length", str(len(body)).encode()), (b"x-powered-by", b"tea")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _chat(scope: Scope, receive: Any, send: Any) -> None:
    """Says everything twice; `bye` ends it."""
    await receive()
    protocols = scope["subprotocols"]
    accept = {"type": "websocket.accept", "subprotocol": protocols[0] if protocols else None}
    await send(accept)
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") == "bye":
            await send({"type": "websocket.close", "code": 4001})
            return
        told = {key: message[key] * 2 for key in ("text", "bytes") if message.get(key) is not None}
        await send({"type": "websocket.send", **told})
