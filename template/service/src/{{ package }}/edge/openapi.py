"""One OpenAPI document out of those of the upstreams, as their routes show them to clients."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import structlog
from fastapi import FastAPI

from ..chassis.errors import DomainError
from ..chassis.http import CLOCK
from ..chassis.lifecycle import background
from .document import RoutePart
from .gateway import Gateway
from .upstreams import Upstream

log = structlog.get_logger()

_SECONDS = 60.0
_SOON = 5.0
_LARGEST = 5_000_000
_METHODS = frozenset({"get", "head", "post", "put", "patch", "delete", "options"})
_SCHEME = "access token"

Json = dict[str, Any]


class Documents:
    """Asks the upstreams now and then; what one of them said last stays until it says more."""

    def __init__(self, app: FastAPI, gateway: Gateway) -> None:
        self._gateway = gateway
        self._own = app.openapi
        self._found: dict[str, Json] = {}

    def openapi(self) -> Json:
        """In the place of `FastAPI.openapi`."""
        return merged(self._own(), self._gateway.document.routes, self._found)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with background(self._keep_asking()):
            yield

    async def _keep_asking(self) -> None:
        while True:
            wanted = [each for each in self._gateway.table.upstreams.values() if each.part.openapi]
            done = await asyncio.gather(*map(self._ask, wanted))
            await CLOCK.sleep(_SECONDS if all(done) else _SOON)

    async def _ask(self, upstream: Upstream) -> bool:
        try:
            self._found[upstream.name] = await self._fetch(upstream)
        except (DomainError, aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.info("openapi_missing", upstream=upstream.name, error=type(error).__name__)
            return False
        return True

    async def _fetch(self, upstream: Upstream) -> Json:
        async with upstream.guard.attempt() as attempt, asyncio.timeout(_SOON):
            url = attempt.instance.url + str(upstream.part.openapi)
            async with self._gateway.session.get(url, timeout=upstream.timeout) as response:
                body = await response.content.read(_LARGEST)
                while not response.content.at_eof() and len(body) < _LARGEST:
                    body += await response.content.read(_LARGEST)
        found = orjson.loads(body)
        if not isinstance(found, dict) or not isinstance(found.get("paths"), dict):
            raise ValueError("no OpenAPI document")
        return found


def merged(own: Json, routes: Iterable[RoutePart], found: Mapping[str, Json]) -> Json:
    """`own` with the operations of `found`, under the paths by which the routes lead to them."""
    paths = {path: dict(item) for path, item in own.get("paths", {}).items()}
    components = {kind: dict(each) for kind, each in own.get("components", {}).items()}
    for route in routes:
        name = route.upstream[0].name
        for path, item in found.get(name, {}).get("paths", {}).items():
            if (outside := _outside(route, path)) is not None:
                for method, operation in _operations(route, name, item):
                    paths.setdefault(outside, {}).setdefault(method, operation)
    for name, document in found.items():
        for kind, each in document.get("components", {}).items():
            if kind != "securitySchemes":
                renamed = {f"{name}.{key}": _renamed(value, name) for key, value in each.items()}
                components.setdefault(kind, {}).update(renamed)
    return {**own, "paths": paths, "components": components}


def _outside(route: RoutePart, path: str) -> str | None:
    if route.path is not None:
        return path if _shape(route.path) == _shape(path) else None
    inner = (route.rewrite or route.prefix or "/").rstrip("/")
    if not f"{path}/".startswith(f"{inner}/"):
        return None
    return (route.prefix or "/").rstrip("/") + path[len(inner) :] or "/"


def _shape(path: str) -> list[str]:
    return ["{}" if part.startswith("{") else part for part in path.split("/")]


def _operations(route: RoutePart, name: str, item: Json) -> list[tuple[str, Json]]:
    shared = [_renamed(each, name) for each in item.get("parameters", [])]
    allowed = {method.lower() for method in route.methods} if route.methods else _METHODS
    found = []
    for method, operation in item.items():
        if method not in _METHODS & allowed:
            continue
        told = _renamed(operation, name)
        if shared:
            told["parameters"] = [*shared, *told.get("parameters", [])]
        if "operationId" in told:
            told["operationId"] = f"{name}_{told['operationId']}"
        told["security"] = [] if route.public else [{_SCHEME: []}]
        found.append((method, told))
    return found


def _renamed(value: Any, name: str) -> Any:
    """References stay within the document of the same upstream."""
    if isinstance(value, dict):
        return {key: _reference(key, each, name) for key, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, name) for each in value]
    return value


def _reference(key: str, value: Any, name: str) -> Any:
    if key == "$ref" and isinstance(value, str) and value.startswith("#/components/"):
        head, _, last = value.rpartition("/")
        return f"{head}/{name}.{last}"
    return _renamed(value, name)


def install(app: FastAPI, gateway: Gateway) -> Documents:
    documents = Documents(app, gateway)
    app.openapi = documents.openapi  # type: ignore[method-assign]
    return documents
