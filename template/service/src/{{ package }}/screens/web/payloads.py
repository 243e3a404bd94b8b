"""Screens for a page of this service: as they are."""

from collections.abc import Callable
from typing import Any

from fastapi import Depends, Response
from pydantic import BaseModel

Render = Callable[[BaseModel], Response]
RESPONSES: dict[int | str, dict[str, Any]] = {}


def shape(model: type[BaseModel]) -> type[BaseModel]:
    return model


def rendering(_: type[BaseModel]) -> Any:
    """The dependency that gives a `Render`."""

    async def prepare() -> Render:
        return _render

    return Depends(prepare)


def _render(screen: BaseModel) -> Response:
    return Response(screen.model_dump_json(), media_type="application/json")
