"""The HTTP face of the gateway itself; what it passes on is in `routes.yml`."""

from typing import Annotated

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse

from ..chassis import lifecycle
from ..chassis.auth import Caller, requires
from ..chassis.problems import documented
from . import openapi, proxy
from .gateway import Gateway, of
from .overview import Overview, compose
from .settings import SliceSettings

SCOPES = ("orders:read", "orders:write", "returns:read")

router = APIRouter(tags=["gateway"])


@router.get("/overview", responses=documented(401, 403))
async def overview(
    request: Request, caller: Annotated[Caller, requires("orders:read")]
) -> Overview:
    """The latest orders and returns, joined; what cannot be had just now is named as missing."""
    return await compose(of(request.scope), request.scope, caller)


@router.get("/.well-known/jwks.json", include_in_schema=False)
async def keys(request: Request) -> Response:
    """The keys by which upstreams verify internal tokens: their `AUTH_JWKS_URL`."""
    headers = {"Cache-Control": "public, max-age=300"}
    return JSONResponse(of(request.scope).identity.published, headers=headers)


def install(app: FastAPI, settings: SliceSettings) -> None:
    gateway = Gateway(app, settings)
    app.state.gateway = gateway
    app.include_router(router)
    resources = lifecycle.of(app).resources
    resources.append(gateway.running)
    if app.openapi_url is not None:
        resources.append(openapi.install(app, gateway).running)
    proxy.install(app, gateway)
