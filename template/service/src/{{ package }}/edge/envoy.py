"""The routes as configuration for Envoy, for fleets that one process does not serve."""

import re
from typing import Any

from .document import Document
from .envoy_clusters import clusters, unsupported
from .envoy_filters import BODY, JWT, RATES, RBAC, filters
from .envoy_routes import routes
from .headers import CLAIMS, LARGEST_HEAD, OURS

_TYPE = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
_ACCESS = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"
# Where two servers might read two paths; Envoy's own normalisation would mend them instead.
_TWO_MEANINGS = (
    r"(?i).*(/\.{1,2}(/|$)|//|;|\\|%(00|0a|0d|25|2e|2f|3b|5c|7f|c0|c1|ef%bc%8[ef]|e2%80%ae)"
    r"|%([^0-9a-f].*|.?$|[0-9a-f][^0-9a-f].*)).*"
)


class UnsupportedError(Exception):
    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def configuration(document: Document, settings: Any, keys: dict[str, Any], port: int) -> Any:
    """`keys` are the local ones, where no identity provider is set. Raises UnsupportedError."""
    if problems := unsupported(document):
        raise UnsupportedError(problems)
    address = {"address": settings.listen_host, "port_value": port}
    listener = {
        "name": "edge",
        "address": {"socket_address": address},
        "per_connection_buffer_limit_bytes": 65_536,
        "filter_chains": [{"filters": [_manager(document, settings, keys)]}],
    }
    return {
        "static_resources": {
            "listeners": [listener],
            "clusters": clusters(document, settings),
        }
    }


def _manager(document: Document, settings: Any, keys: dict[str, Any]) -> Any:
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": f"{_TYPE}.HttpConnectionManager",
            "stat_prefix": "edge",
            "use_remote_address": True,
            "skip_xff_append": True,
            "path_with_escaped_slashes_action": "REJECT_REQUEST",
            "max_request_headers_kb": LARGEST_HEAD // 1024,
            "common_http_protocol_options": {
                "headers_with_underscores_action": "DROP_HEADER",
                "max_headers_count": 100,
            },
            "request_headers_timeout": "10s",
            "server_header_transformation": "PASS_THROUGH",
            "preserve_external_request_id": True,
            "always_set_request_id_in_response": True,
            "local_reply_config": _problems(),
            "access_log": [_log()],
            "http_filters": filters(settings, keys),
            "route_config": _hosts(document),
        },
    }


def _problems() -> Any:
    told = {
        "type": "about:blank",
        "status": "%RESPONSE_CODE%",
        "request_id": "%REQ(X-REQUEST-ID)%",
    }
    return {"body_format": {"json_format": told, "content_type": "application/problem+json"}}


def _log() -> Any:
    line = {
        "event": "request",
        "method": "%REQ(:METHOD)%",
        "route": "%ROUTE_NAME%",
        "status": "%RESPONSE_CODE%",
        "ms": "%DURATION%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        "upstream": "%UPSTREAM_CLUSTER%",
        "flags": "%RESPONSE_FLAGS%",
    }
    typed = {"@type": _ACCESS, "log_format": {"json_format": line}}
    return {"name": "envoy.access_loggers.stdout", "typed_config": typed}


def _hosts(document: Document) -> Any:
    """A host of its own has the routes of every host behind its own ones, as in the gateway."""
    named = sorted({route.host for route in document.routes if route.host})
    hosts: list[tuple[str, list[str], list[str | None]]] = [
        *((host.replace("*.", "-"), [host, f"{host}:*"], [host, None]) for host in named),
        ("all", ["*"], [None]),
    ]
    return {
        "name": "edge",
        "request_headers_to_add": _forwarded(),
        "request_headers_to_remove": _gone(),
        "response_headers_to_remove": ["server", "alt-svc"],
        "virtual_hosts": [
            {
                "name": re.sub(r"[^a-z0-9]+", "-", name).strip("-") or "host",
                "domains": domains if ":" not in domains[0] else domains[:1],
                "routes": [_refused(), *routes(document, wanted)],
            }
            for name, domains, wanted in hosts
        ],
    }


def _refused() -> Any:
    off = {"disabled": True}
    flag = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
    return {
        "name": "two-meanings",
        "match": {"safe_regex": {"regex": _TWO_MEANINGS}},
        "direct_response": {"status": 400},
        "typed_per_filter_config": {
            name: {"@type": flag, **off} for name in (JWT, RBAC, RATES, BODY)
        },
    }


def _forwarded() -> Any:
    address = "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"
    told = {
        "x-forwarded-for": address,
        "x-forwarded-host": "%REQ(:AUTHORITY)%",
        "forwarded": f'for="{address}";host="%REQ(:AUTHORITY)%";proto=%REQ(:SCHEME)%',
    }
    return [
        {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for key, value in told.items()
    ]


def _gone() -> list[str]:
    """Envoy removes by whole names only: the usual ones of each family of names."""
    ends = (
        "",
        "-id",
        "-name",
        "-email",
        "-user",
        "-groups",
        "-roles",
        "-subject",
        "-url",
        "-token",
    )
    kept = ("x-forwarded", "x-request-")
    families = [one.decode() for one in CLAIMS if not one.decode().startswith(kept)]
    names = {f"{one.rstrip('-')}{end}" for one in families for end in ends}
    ours = {one.decode() for one in OURS} - {"host", "forwarded", "traceparent", "tracestate"}
    more = {"x-forwarded-user", "x-forwarded-email", "x-forwarded-groups", "x-forwarded-port"}
    return sorted(names | ours | more)
