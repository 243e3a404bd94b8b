"""Small participants in memory, for a first look: a stock and a ledger that forget."""

from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SOLD_OUT = "SOLD-OUT"
LIMIT = 5000_00
"""In cents: nobody can pay more at once."""


@dataclass
class Participant:
    """Does a thing once by its id, and takes it back once; a late one is refused."""

    refusal: str
    taken: dict[str, Any] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)

    def refuses(self, body: dict[str, Any]) -> bool:
        skus = [line["sku"] for line in body.get("lines", [])]
        return SOLD_OUT in skus or body.get("amount", 0) > LIMIT

    async def put(self, request: Request) -> Response:
        key, body = request.path_params["id"], await request.json()
        if key in self.taken:
            return JSONResponse(self.taken[key], 200)
        if key in self.closed or self.refuses(body):
            return JSONResponse({"title": self.refusal}, 409)
        self.taken[key] = body
        return JSONResponse(body, 201)

    async def delete(self, request: Request) -> Response:
        self.taken.pop(request.path_params["id"], None)
        self.closed.add(request.path_params["id"])
        return Response(status_code=204)

    async def index(self, _: Request) -> Response:
        return JSONResponse(self.taken)

    def application(self, path: str) -> Starlette:
        one = path + "/{id}"
        return Starlette(
            routes=[
                Route(path, self.index, methods=["GET"]),
                Route(one, self.put, methods=["PUT"]),
                Route(one, self.delete, methods=["DELETE"]),
            ]
        )


def stock() -> Starlette:
    return Participant("Out of stock").application("/reservations")


def ledger() -> Starlette:
    return Participant("Insufficient funds").application("/payments")
