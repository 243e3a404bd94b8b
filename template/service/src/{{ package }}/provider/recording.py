"""Recordings of a real upstream: written without secrets, and answered from later."""

import hashlib
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx2
import orjson
from starlette.datastructures import Headers
from starlette.requests import Request

from ..chassis.errors import UnavailableError

_HIDDEN = "[hidden]"
_SECRET = re.compile(
    r"authorization|cookie|passw|secret|token|api[-_]?key|signature|private|credential|session",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(?:Bearer|Basic)\s+[\w.~+/=-]+|eyJ[\w-]+\.[\w-]+\.[\w-]*")
_OF_THE_CONNECTION = frozenset({
    "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host",
    "content-length", "content-encoding", "accept-encoding", "proxy-authorization",
    "proxy-authenticate",
})  # fmt: skip
_SECONDS = 30.0


class UpstreamUnavailableError(UnavailableError):
    pass


class Recorder:
    def __init__(self, file: Path, *, hidden: tuple[str, ...]) -> None:
        self._file = file
        self._hidden = frozenset(name.lower() for name in hidden)
        self._answers: dict[str, list[dict[str, Any]]] = {}
        self._asked: dict[str, int] = {}

    def load(self) -> None:
        """Read the file, if there is one."""
        lines = self._file.read_bytes().splitlines() if self._file.exists() else []
        for line in filter(None, lines):
            entry = orjson.loads(line)
            self._answers.setdefault(entry["key"], []).append(entry["answer"])

    def find(self, request: Request, body: bytes) -> dict[str, Any] | None:
        """The next recorded answer to this request; the last one again when there are no more."""
        key = self._key(request, body)
        found = self._answers.get(key)
        if not found:
            return None
        number = self._asked[key] = self._asked.get(key, -1) + 1
        return found[min(number, len(found) - 1)]

    def write(self, request: Request, body: bytes, answer: httpx2.Response) -> None:
        entry = {
            "key": self._key(request, body),
            "request": {
                "method": request.method,
                "path": request.url.path,
                "query": self._query(request),
                "headers": self.headers(request.headers),
                "body": self._body(body),
            },
            "answer": {
                "status": answer.status_code,
                "headers": self.headers(answer.headers),
                "body": self._body(answer.content),
            },
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("ab") as file:
            file.write(orjson.dumps(entry) + b"\n")

    def headers(self, headers: Headers | httpx2.Headers) -> dict[str, str]:
        return {
            name.lower(): _HIDDEN if _SECRET.search(name) else _BEARER.sub(_HIDDEN, value)
            for name, value in headers.items()
            if name.lower() not in _OF_THE_CONNECTION
        }

    def hide(self, value: Any) -> Any:
        """The same without secrets, wherever they are in it."""
        if isinstance(value, dict):
            return {
                key: _HIDDEN if self._is_secret(key, item) else self.hide(item)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.hide(item) for item in value]
        return _BEARER.sub(_HIDDEN, value) if isinstance(value, str) else value

    def _is_secret(self, key: str, value: Any) -> bool:
        named = _SECRET.search(key) is not None or key.lower() in self._hidden
        return named and value is not None and not isinstance(value, dict | list | bool)

    def _query(self, request: Request) -> str:
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
        return urlencode(sorted((key, str(self.hide({key: value})[key])) for key, value in pairs))

    def _body(self, body: bytes) -> Any:
        """JSON as such, a form as its fields, other text as text."""
        try:
            return self.hide(orjson.loads(body)) if body else None
        except orjson.JSONDecodeError:
            text = body.decode("utf-8", "replace")
        if re.fullmatch(r"[\w.\[\]%+-]+=[^\s<>{}]*", text):
            return urlencode(sorted(self.hide(dict(parse_qsl(text))).items()))
        return _BEARER.sub(_HIDDEN, text)

    def _key(self, request: Request, body: bytes) -> str:
        parts = (request.method, request.url.path, self._query(request), self._body(body))
        return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Upstream:
    """The real system."""

    def __init__(self, url: str, client: httpx2.AsyncClient) -> None:
        self._url, self._client = url.rstrip("/"), client

    async def ask(self, request: Request, body: bytes) -> httpx2.Response:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in _OF_THE_CONNECTION and not name.startswith("x-simulator-")
        }
        path = request.scope["raw_path"].decode("latin-1")
        url = f"{self._url}{path}" + (f"?{request.url.query}" if request.url.query else "")
        try:
            return await self._client.request(
                request.method, url, headers=headers, content=body, timeout=_SECONDS
            )
        except httpx2.HTTPError as error:
            raise UpstreamUnavailableError(f"the upstream failed: {type(error).__name__}") from None


def passed_on(answer: httpx2.Response) -> dict[str, str]:
    """The headers that the caller may see."""
    return {key: value for key, value in answer.headers.items() if key not in _OF_THE_CONNECTION}
