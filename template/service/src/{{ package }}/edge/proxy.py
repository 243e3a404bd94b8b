"""The two ends of the proxy path in the application: before the edge of the chassis, and behind."""

import re
from collections.abc import Iterable

import structlog
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from ..chassis import problems
from ..chassis.errors import DomainError
from .failures import BrokenOffError
from .gateway import Gateway, of
from .headers import incoming, sender
from .paths import check
from .upload import ClientGoneError
from .visit import Visit
from .websocket import connect

log = structlog.get_logger()

_GONE = 499
_MARK = "edge"


class Routing:
    """Outside the edge: finds the route, so that the edge holds the request to its terms."""

    def __init__(self, app: ASGIApp, *, gateway: Gateway, routes: Iterable[BaseRoute]) -> None:
        self._app, self._gateway, self._own = app, gateway, Own(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not self._own.has(scope["path"]):
            try:
                self._find(scope)
            except DomainError as error:
                scope[_MARK] = error
        await self._app(scope, receive, send)

    def _find(self, scope: Scope) -> None:
        head = incoming(scope)
        method = scope.get("method", "GET")  # a WebSocket's scope names none
        route = self._gateway.table.find(head.host, scope["path"], method)
        if route is not None:
            check(scope["raw_path"])
            scope["route"], scope["terms"], scope[_MARK] = route, route.terms, (route, head)


class Own:
    """The paths that the service answers by itself: no route takes them away."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        found = [str(getattr(route, "path", "")) for route in routes]
        self._exact = frozenset(path for path in found if path and "{" not in path)
        patterns = [re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(p)) for p in found if "{" in p]
        self._pattern = re.compile("|".join([*patterns, r"/static-offline-docs(/.*)?"]))

    def has(self, path: str) -> bool:
        return path in self._exact or self._pattern.fullmatch(path) is not None


class Proxy:
    """Inside the edge and CORS: passes on what has a route, leaves the rest to FastAPI."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = scope.get(_MARK)
        if found is None:
            await self._app(scope, receive, send)
            return
        try:
            if isinstance(found, DomainError):
                raise found
            route, head = found
            gateway = of(scope)
            address, scheme = sender(scope, gateway.settings.trusted_proxies)
            visit = Visit(scope, receive, send, route, head, address, scheme)
            await (connect(gateway, visit) if visit.is_socket else gateway.serve(visit))
        except DomainError as error:
            await _refuse(error, scope, receive, send)
        except ClientGoneError:
            await send({"type": "http.response.start", "status": _GONE, "headers": []})
        except BrokenOffError:
            log.warning("answer_broken_off")  # to return now ends the connection


async def _refuse(error: DomainError, scope: Scope, receive: Receive, send: Send) -> None:
    headers = dict(error.headers)
    if _has_body(scope):
        headers["Connection"] = "close"  # what is left of the body would be read in vain
    answer = problems.answer(
        error.status, title=error.title, detail=str(error) or None, headers=headers
    )
    await answer(scope, receive, send)


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def install(app: FastAPI, gateway: Gateway) -> None:
    app.user_middleware.append(Middleware(Proxy))
    app.add_middleware(Routing, gateway=gateway, routes=app.routes)
