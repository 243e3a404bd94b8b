"""Routes as Envoy's: in the order in which the gateway would take them."""

import re
from typing import Any

from ..chassis.http.retries import IDEMPOTENT
from .document import Document, RoutePart
from .envoy_filters import JWT, of_route
from .table import specific

_SAFE = sorted(IDEMPOTENT - {"TRACE"})
_DISABLED = "type.googleapis.com/envoy.config.route.v3.FilterConfig"


def routes(document: Document, hosts: list[str | None]) -> list[Any]:
    found = []
    for host in hosts:
        parts = sorted((r for r in document.routes if r.host == host), key=specific)
        for part in parts:
            found += _of_part(part)
        found += [_not_allowed(part, parts) for part in parts if part.methods]
    return found


def _of_part(part: RoutePart) -> list[Any]:
    """Two, where only some of its methods may be repeated."""
    methods = set(part.methods or ())
    safe, unsafe = methods & IDEMPOTENT, methods - IDEMPOTENT
    if part.retries and not methods:
        return [_route(part, _SAFE, repeats=True), _route(part, [], repeats=False)]
    if part.retries and safe and unsafe:
        return [_route(part, safe, repeats=True), _route(part, unsafe, repeats=False)]
    return [_route(part, methods, repeats=bool(part.retries and safe))]


def _route(part: RoutePart, methods: Any, *, repeats: bool) -> Any:
    match = _match(part)
    if methods:
        match["headers"] = [_method(methods)]
    rules = part.headers
    return {
        "name": part.name,
        "match": match,
        "route": _action(part, repeats=repeats),
        "request_headers_to_add": _set(rules.request.set),
        "request_headers_to_remove": list(rules.request.remove),
        "response_headers_to_add": _set(rules.response.set),
        "response_headers_to_remove": list(rules.response.remove),
        "typed_per_filter_config": of_route(part),
    }


def _method(methods: Any) -> Any:
    one_of = {"safe_regex": {"regex": "|".join(sorted(methods))}}
    return {"name": ":method", "string_match": one_of}


def _match(part: RoutePart) -> dict[str, Any]:
    if part.path is not None:
        words = (each if not each.startswith("{") else None for each in part.path.split("/"))
        pattern = "/".join("[^/]+" if word is None else re.escape(word) for word in words)
        return {"safe_regex": {"regex": pattern}}
    if part.prefix in (None, "/"):
        return {"prefix": "/"}
    return {"path_separated_prefix": part.prefix}


def _action(part: RoutePart, *, repeats: bool) -> dict[str, Any]:
    targets = [{"name": each.name, "weight": each.weight} for each in part.upstream]
    several = {"weighted_clusters": {"clusters": targets}}
    action: dict[str, Any] = {
        **({"cluster": targets[0]["name"]} if len(targets) == 1 else several),
        "timeout": "0s",
        "idle_timeout": f"{part.idle_seconds}s",
        "retry_policy": {
            "retry_on": "connect-failure" + (",reset,gateway-error" if repeats else ""),
            "num_retries": part.retries,
            "per_try_idle_timeout": f"{part.timeout_seconds}s",
            "retry_back_off": {"base_interval": "0.025s", "max_interval": "1s"},
        },
        **_rewritten(part),
    }
    if not part.preserve_host:
        action["auto_host_rewrite"] = True
    if part.websocket:
        action["upgrade_configs"] = [{"upgrade_type": "websocket"}]
    return action


def _rewritten(part: RoutePart) -> dict[str, Any]:
    if part.rewrite is None or part.prefix is None:
        return {}
    if part.rewrite != "/":
        return {"prefix_rewrite": part.rewrite}
    pattern = {"regex": f"^{re.escape(part.prefix)}/*"}
    return {"regex_rewrite": {"pattern": pattern, "substitution": "/"}}


def _not_allowed(part: RoutePart, parts: list[RoutePart]) -> Any:
    same = [r for r in parts if (r.prefix, r.path) == (part.prefix, part.path)]
    allowed = sorted({method for r in same for method in r.methods or ()})
    return {
        "name": f"{part.name}-methods",
        "match": _match(part),
        "direct_response": {"status": 405},
        "response_headers_to_add": _set({"allow": ", ".join(allowed)}),
        "typed_per_filter_config": {JWT: {"@type": _DISABLED, "disabled": True}},
    }


def _set(headers: dict[str, str]) -> list[Any]:
    return [
        {
            "header": {"key": key, "value": value.replace("%", "%%")},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }
        for key, value in headers.items()
    ]
