"""A small server to have something behind the gateway, for a first look and for tests."""

import base64
import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_ORDERS = [{"id": number, "item": f"tea {number}"} for number in range(1, 4)]
_RETURNS = [{"id": 1, "order": 2, "why": "wrong tea"}]


async def orders(_: Request) -> Response:
    return JSONResponse(_ORDERS, headers={"Cache-Control": "max-age=5", "ETag": '"orders-1"'})


async def place(request: Request) -> Response:
    order = {"id": len(_ORDERS) + 1, **await request.json()}
    return JSONResponse(order, 201, headers={"Location": f"/orders/{order['id']}"})


async def returns(_: Request) -> Response:
    return JSONResponse(_RETURNS)


async def told(request: Request) -> Response:
    """What reached the upstream, the claims of the internal token in the clear."""
    bearer = request.headers.get("authorization", "").partition(" ")[2]
    return JSONResponse(
        {
            "path": request.url.path,
            "headers": {k: v for k, v in request.headers.items() if k != "authorization"},
            "token": _claims(bearer),
        }
    )


def _claims(token: str) -> Any:
    if token.count(".") != 2:
        return None
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


async def ready(_: Request) -> Response:
    return JSONResponse({"status": "ready"})


app = Starlette(
    routes=[
        Route("/readyz", ready),
        Route("/orders", orders, methods=["GET"]),
        Route("/orders", place, methods=["POST"]),
        Route("/orders/told", told),
        Route("/returns", returns),
    ]
)
