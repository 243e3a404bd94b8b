"""The record of received calls, for tests to assert on."""

from typing import Any

import orjson
from starlette.requests import Request

from .recording import Recorder
from .store import Store

_LONGEST = 20_000


class Calls:
    def __init__(self, store: Store, recorder: Recorder, *, keep: int) -> None:
        self._store, self._recorder, self._keep = store, recorder, keep

    async def note(self, request: Request, status: int, notes: dict[str, Any]) -> None:
        """Credentials in headers are hidden; the body is kept as it came."""
        call = {
            "operation": None,
            "method": request.method,
            "path": request.url.path,
            "query": dict(request.query_params),
            "headers": self._recorder.headers(request.headers),
            "body": _body(await request.body()),
            "status": status,
            **notes,
        }
        self._store.note(call, keep=self._keep)


def _body(raw: bytes) -> Any:
    try:
        return orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError:
        return raw.decode("utf-8", "replace")[:_LONGEST]
