"""Screens as they are: partners' programs want every field at its place."""

from collections.abc import Callable
from typing import Any

from fastapi import Depends, Response
from pydantic import BaseModel

from ...chassis import problems

Render = Callable[[BaseModel], Response]
RESPONSES: dict[int | str, dict[str, Any]] = problems.documented(429)


def shape(model: type[BaseModel]) -> type[BaseModel]:
    """What the document says of an answer."""
    return model


def rendering(_: type[BaseModel]) -> Any:
    """The dependency that gives a `Render`."""

    async def prepare() -> Render:
        return _render

    return Depends(prepare)


def _render(screen: BaseModel) -> Response:
    headers = {"cache-control": "private, no-store"}
    return Response(screen.model_dump_json(), headers=headers, media_type="application/json")
