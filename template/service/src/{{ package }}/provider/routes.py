"""The HTTP face: the paths of the document, and `/_simulator/` beside them."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..chassis import lifecycle
from . import admin, parts
from .document import Document, dumped
from .settings import SliceSettings

SCOPES = (admin.ADMIN,)


def install(app: FastAPI, settings: SliceSettings) -> None:
    """Answers every path that nothing else answers."""
    made = parts.assemble(settings)
    app.state.provider = made
    app.include_router(admin.router)
    lifecycle.of(app).resources.append(made.running)
    _show(app, made.engine.document)
    elsewhere = app.router.default

    async def simulated(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await elsewhere(scope, receive, send)
            return
        request = Request(scope, receive)
        response = await made.simulator.answer(request)
        await response(scope, receive, send)

    app.router.default = simulated


def _show(app: FastAPI, document: Document) -> None:
    """At `/docs`, the document as it was written; but the service is its only server."""
    content = dumped({**document.source, "servers": [{"url": "/"}]})

    async def openapi(_: Request) -> Response:
        return Response(content, media_type="application/json")

    url = app.openapi_url
    if url is not None:
        others = [each for each in app.router.routes if getattr(each, "path", None) != url]
        app.router.routes[:] = others
        app.add_route(url, openapi, include_in_schema=False)
