# Sealed: an update replaces this file.
"""Every error as problem details (RFC 9457): one shape for all that goes wrong."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from .config import CoreSettings
from .context import current
from .errors import DomainError

MEDIA_TYPE = "application/problem+json"
# As RFC 9110 calls them: Python did so from 3.13 on, and clients see these names in `type`.
_RENAMED = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


class Problem(BaseModel):
    """What went wrong, as RFC 9457 describes it."""

    type: str
    title: str
    status: int
    detail: str | None = None
    request_id: str | None = None
    errors: list[dict[str, str]] | None = None


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route or router: these errors, as problem details."""
    return {
        status: {
            "description": _phrase(status),
            "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
        }
        for status in statuses
    }


def render(status: int, *, title: str = "", **members: Any) -> bytes:
    title = title or _phrase(status)
    request = current.get()
    problem = {
        "type": "urn:problem:" + re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-"),
        "title": title,
        "status": status,
        "request_id": request.request_id if request else None,
        **members,
    }
    return orjson.dumps({name: value for name, value in problem.items() if value is not None})


def answer(
    status: int, *, title: str = "", headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    body = render(status, title=title, **members)
    return Response(body, status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI, _settings: CoreSettings) -> None:
    app.add_exception_handler(DomainError, _domain)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)


async def _domain(_: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    return answer(error.status, title=error.title, detail=str(error) or None, headers=error.headers)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request) or headers.get("Allow", "")
    detail = error.detail if error.detail != _of_python(error.status_code) else None
    return answer(error.status_code, detail=detail, headers=headers)


def _allowed(request: Request) -> str:
    """All methods of the path: the router names those of the first route that fits."""
    path = getattr(request.scope.get("route"), "path", "")
    operations = request.app.openapi()["paths"].get(path, {})
    return ", ".join(sorted(map(str.upper, operations)))


async def _invalid(request: Request, error: Exception) -> Response:
    """Say where and why, never what was sent: it may be a secret, or an attack."""
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if any(item["loc"][0] == "body" for item in errors) and not _is_json(request):
        return answer(415, detail="send the body as `application/json`")
    told = [{"at": _where(item), "problem": _why(item)} for item in errors[:20]]
    return answer(422, title="Invalid request", errors=told)


def _is_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _why(item: Mapping[str, Any]) -> str:
    message = str(item["msg"])
    # Parsers add a reason that quotes the input: `invalid character: found ...`.
    return message.split(", ")[0] if item["type"].endswith("_parsing") else message


def _where(item: Mapping[str, Any]) -> str:
    *places, last = map(_place, item["loc"])
    # The name of a field that should not be there is the caller's own text.
    return ".".join([*places, "?" if item["type"] == "extra_forbidden" else last])


def _phrase(status: int) -> str:
    return _RENAMED.get(status) or _of_python(status)


def _of_python(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"


def _place(part: Any) -> str:
    text = str(part)
    return text if re.fullmatch(r"[\w-]{1,40}", text, re.ASCII) else "?"
