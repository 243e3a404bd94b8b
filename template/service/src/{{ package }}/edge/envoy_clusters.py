"""Upstreams as Envoy's clusters: where they are, and when they are left alone."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from .document import Document, UpstreamPart

_TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
_ROOTS = "/etc/ssl/certs/ca-certificates.crt"
_PORTS = {"http": 80, "https": 443}


def unsupported(document: Document) -> list[str]:
    """What Envoy cannot find by itself."""
    problems = []
    for name, part in document.upstreams.items():
        kind = urlsplit(part.address).scheme.rpartition("+")[0]
        if kind not in ("", "dns"):
            problems.append(f"`{name}`: Envoy does not know `{kind}+` addresses: use `dns+`")
        elif any(url.path not in ("", "/") for url in _urls(part)):
            problems.append(f"`{name}`: the address has a path: use `rewrite` of its routes")
    return problems


def clusters(document: Document, settings: Any) -> list[Any]:
    found = [_cluster(name, part) for name, part in document.upstreams.items()]
    if settings.auth_jwks_url is not None:
        issuer = UpstreamPart(address=_origin(str(settings.auth_jwks_url)))
        found.append(_cluster("identity-provider", issuer))
    return found


def _cluster(name: str, part: UpstreamPart) -> Any:
    limits, urls = part.limits, _urls(part)
    scheme = urls[0].scheme
    cluster = {
        "name": name,
        "type": "STATIC" if all(map(_is_number, urls)) else "STRICT_DNS",
        "connect_timeout": f"{limits.connect_seconds}s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [_endpoint(url) for url in urls]}],
        },
        "circuit_breakers": {"thresholds": [_thresholds(part)]},
        "outlier_detection": {
            "consecutive_5xx": limits.eject_after,
            "consecutive_gateway_failure": limits.eject_after,
            "enforcing_consecutive_gateway_failure": 100,
            "base_ejection_time": f"{limits.eject_seconds}s",
            "interval": "1s",
            "max_ejection_percent": 100,
        },
    }
    if scheme == "https":
        cluster["transport_socket"] = _tls(str(urls[0].hostname))
    return cluster


def _thresholds(part: UpstreamPart) -> Any:
    limits = part.limits
    return {
        "max_requests": limits.concurrency,
        "max_connections": limits.concurrency,
        "max_pending_requests": max(1, limits.queue),
        "retry_budget": {
            "budget_percent": {"value": limits.retry_budget * 100},
            "min_retry_concurrency": 3,
        },
    }


def _endpoint(url: Any) -> Any:
    port = url.port or _PORTS[url.scheme]
    address = {"address": url.hostname, "port_value": port}
    return {"endpoint": {"address": {"socket_address": address}}}


def _tls(host: str) -> Any:
    names = [{"san_type": "DNS", "matcher": {"exact": host}}]
    validation = {
        "trusted_ca": {"filename": _ROOTS},
        "match_typed_subject_alt_names": names,
    }
    context = {"@type": _TLS, "sni": host, "common_tls_context": {"validation_context": validation}}
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}


def _urls(part: UpstreamPart) -> list[Any]:
    return [urlsplit(one.strip().removeprefix("dns+")) for one in part.address.split(",")]


def _is_number(url: Any) -> bool:
    try:
        ip_address(url.hostname)
    except ValueError:
        return False
    return True


def _origin(address: str) -> str:
    url = urlsplit(address)
    return f"{url.scheme}://{url.netloc}"
