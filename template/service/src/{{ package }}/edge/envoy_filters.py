"""Envoy's filters: tokens, scopes, rates, bodies; each route says what it asks of them."""

import json
from typing import Any

from limits import parse

from .document import Rate, RoutePart

JWT = "envoy.filters.http.jwt_authn"
RBAC = "envoy.filters.http.rbac"
RATES = "envoy.filters.http.local_ratelimit"
BODY = "envoy.filters.http.buffer"
_ROUTER = "envoy.filters.http.router"
_TYPES = "type.googleapis.com/envoy.extensions.filters.http"
_LARGEST_BUFFER = 1_000_000
_MANY_CALLERS = 10_000


def filters(settings: Any, keys: dict[str, Any]) -> list[Any]:
    """In this order; the last one passes the request on."""
    tokens = {
        "providers": {"edge": _provider(settings, keys)},
        "requirement_map": {"token": {"provider_name": "edge"}},
    }
    return [
        _filter(JWT, "jwt_authn.v3.JwtAuthentication", **tokens),
        _filter(RBAC, "rbac.v3.RBAC"),
        _filter(RATES, "local_ratelimit.v3.LocalRateLimit", stat_prefix="edge"),
        _filter(BODY, "buffer.v3.Buffer", max_request_bytes=_LARGEST_BUFFER),
        _filter(_ROUTER, "router.v3.Router", suppress_envoy_headers=True),
    ]


def _provider(settings: Any, keys: dict[str, Any]) -> Any:
    return {
        "issuer": settings.auth_issuer,
        "audiences": [settings.audience],
        "clock_skew_seconds": int(settings.auth_leeway_seconds),
        "payload_in_metadata": "jwt",
        "forward": True,
        **_keys(settings, keys),
    }


def _filter(name: str, kind: str, **config: Any) -> Any:
    return {"name": name, "typed_config": {"@type": f"{_TYPES}.{kind}", **config}}


def _keys(settings: Any, keys: dict[str, Any]) -> Any:
    if settings.auth_jwks_url is None:
        return {"local_jwks": {"inline_string": json.dumps(keys)}}
    source = {
        "uri": str(settings.auth_jwks_url),
        "cluster": "identity-provider",
        "timeout": "5s",
    }
    refresh = f"{int(settings.auth_refresh_seconds)}s"
    return {"remote_jwks": {"http_uri": source, "cache_duration": refresh, "async_fetch": {}}}


def of_route(route: RoutePart) -> dict[str, Any]:
    """`typed_per_filter_config` of a route."""
    token: dict[str, Any] = {"requirement_name": "token"}
    body: dict[str, Any] = {"buffer": {"max_request_bytes": max(1, route.max_body_bytes)}}
    if route.max_body_bytes > _LARGEST_BUFFER or route.websocket:
        body = {"disabled": True}
    found = {
        JWT: {
            "@type": f"{_TYPES}.jwt_authn.v3.PerRouteConfig",
            **({"disabled": True} if route.public else token),
        },
        RBAC: {"@type": f"{_TYPES}.rbac.v3.RBACPerRoute", **_scopes(route)},
        BODY: {"@type": f"{_TYPES}.buffer.v3.BufferPerRoute", **body},
    }
    if route.rates:
        found[RATES] = _rates(route)
    return found


def _scopes(route: RoutePart) -> dict[str, Any]:
    if not route.scopes:
        return {}
    principals = [{"sourced_metadata": {"metadata_matcher": _scope(s)}} for s in route.scopes]
    policy = {
        "permissions": [{"any": True}],
        "principals": [{"and_ids": {"ids": principals}}],
    }
    return {"rbac": {"rules": {"action": "ALLOW", "policies": {"scopes": policy}}}}


def _scope(scope: str) -> Any:
    words = f"(.* )?{_quoted(scope)}( .*)?"
    return {
        "filter": JWT,
        "path": [{"key": "jwt"}, {"key": "scope"}],
        "value": {"string_match": {"safe_regex": {"regex": words}}},
    }


def _quoted(text: str) -> str:
    return "".join(f"\\{sign}" if sign in r"\.+*?()|[]{}^$" else sign for sign in text)


def _rates(route: RoutePart) -> Any:
    """Each Envoy counts by itself; a bucket that fills again at the end of each window."""
    most = {"numerator": 100, "denominator": "HUNDRED"}
    always = {"runtime_key": "edge", "default_value": most}
    return {
        "@type": f"{_TYPES}.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "edge",
        "filter_enabled": always,
        "filter_enforced": always,
        "max_dynamic_descriptors": _MANY_CALLERS,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        "token_bucket": {
            "max_tokens": 4_000_000_000,
            "tokens_per_fill": 4_000_000_000,
            "fill_interval": "60s",
        },
        "rate_limits": [{"actions": _actions(rate)} for rate in route.rates],
        "descriptors": [_descriptor(rate) for rate in route.rates],
    }


def _descriptor(rate: Rate) -> Any:
    item = parse(rate.limit)
    bucket = {
        "max_tokens": item.amount,
        "tokens_per_fill": item.amount,
        "fill_interval": f"{item.get_expiry()}s",
    }
    entries = [{"key": each, "value": ""} for each in _dimensions(rate)]
    return {"entries": entries, "token_bucket": bucket}


def _dimensions(rate: Rate) -> list[str]:
    return ["remote_address" if each == "client" else each for each in rate.by]


def _actions(rate: Rate) -> list[Any]:
    actions: list[Any] = []
    for each in rate.by:
        if each == "client":
            actions.append({"remote_address": {}})
        elif each == "route":
            actions.append({"generic_key": {"descriptor_key": "route", "descriptor_value": "all"}})
        else:
            claim = "sub" if each == "caller" else "tenant"
            steps = [{"key": "jwt"}, {"key": claim}]
            place = {"key": JWT, "path": steps}
            actions.append({"metadata": {"metadata_key": place, "descriptor_key": each}})
    return actions
