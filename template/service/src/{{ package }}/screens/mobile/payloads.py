"""Screens for a narrow line: no nulls, nothing empty, the fields that were asked for, `ETag`s."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel

from . import fields as selection

Render = Callable[[BaseModel], Response]
RESPONSES: dict[int | str, dict[str, Any]] = {304: {"description": "It is as you have it."}}
_ALWAYS = frozenset({"missing"})
"""Told whatever was asked for: a field that is not there may be one that could not be had."""

_Fields = Annotated[
    str | None,
    Query(
        max_length=1000,
        description="Only these, separated by commas; those further down as `orders.id`.",
    ),
]
_IfNoneMatch = Annotated[
    str | None, Header(description="The `ETag` of the answer that the app has.")
]


def shape(model: type[BaseModel]) -> type[BaseModel]:
    """What the document says of an answer: every field may be left out."""
    return selection.sparse(model)


def rendering(model: type[BaseModel]) -> Any:
    """The dependency that gives a `Render` for screens of this model."""
    known = selection.paths(model)

    async def prepare(
        request: Request, fields: _Fields = None, if_none_match: _IfNoneMatch = None
    ) -> Render:
        wanted = None if fields is None else selection.parse(fields, known) | _ALWAYS
        seconds = request.app.state.app_cache_seconds

        def render(screen: BaseModel) -> Response:
            found = screen.model_dump(mode="json")
            if wanted is not None:
                found = selection.pick(found, wanted)
            body = orjson.dumps(selection.compact(found))
            headers = _headers(body, seconds)
            if request.method == "GET" and _has(if_none_match, headers["etag"]):
                return Response(status_code=304, headers=headers)
            return Response(body, headers=headers, media_type="application/json")

        return render

    return Depends(prepare)


def _headers(body: bytes, seconds: int) -> dict[str, str]:
    return {
        "etag": f'"{hashlib.sha256(body).hexdigest()[:24]}"',
        "cache-control": f"private, max-age={seconds}" if seconds else "private, no-cache",
        "vary": "Authorization",
    }


def _has(if_none_match: str | None, etag: str) -> bool:
    """Weak or not is all the same here (RFC 9110, 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return etag in tags or tags == ["*"]
