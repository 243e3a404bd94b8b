"""Headers on their way through: which go on, which are ours to say, which are nobody's."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network

from multidict import CIMultiDict
from starlette.types import Scope

from .paths import BadRequestError

Pairs = list[tuple[bytes, bytes]]

_HOP = frozenset(
    {
        b"connection",
        b"expect",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# Said by us, or by nobody: what an upstream might take for a proxy's or a gateway's word.
OURS = frozenset({b"host", b"forwarded", b"traceparent", b"tracestate", b"via", b"remote-user"})
CLAIMS = tuple(
    f"{prefix}".encode()
    for prefix in (
        "x-amzn-oidc", "x-auth", "x-client-cert", "x-consumer", "x-credential", "x-forwarded",
        "x-goog-", "x-identity", "x-internal", "x-jwt", "x-ms-client-principal", "x-original",
        "x-real-ip", "x-remote", "x-request-", "x-rewrite", "x-roles", "x-scope", "x-ssl",
        "x-subject", "x-tenant", "x-user", "x-webauth",
    )
)  # fmt: skip
LARGEST_HEAD = 32_768
_KEPT = frozenset({b"content-length", b"content-type", b"host"})
_HOST = re.compile(rb"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
_BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_NAME = re.compile(rb"[a-z0-9!#$%&'*+.^`|~-]+")  # of a request; `_` reads as `-` in CGI


class RequestHeaderFieldsTooLargeError(BadRequestError):
    status = 431


@dataclass(slots=True)
class Incoming:
    """The head of a request, taken apart. `length` is None where the body is chunked."""

    passed: Pairs
    host: str
    token: str = ""
    length: int | None = 0


def incoming(scope: Scope) -> Incoming:
    """Raises BadRequestError where two servers might not agree on what the request is."""
    found, named = Incoming([], ""), b""
    hosts, sizes = [], []
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEAD:
        raise RequestHeaderFieldsTooLargeError(f"all headers take {LARGEST_HEAD} bytes at most")
    for name, value in scope["headers"]:
        if name == b"host":
            hosts.append(value)
        elif name in (b"content-length", b"transfer-encoding"):
            sizes.append((name, value))
        elif name == b"connection":
            named += b"," + value
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            found.token = value[7:].decode("latin-1").strip()
        if _goes_on(name):
            found.passed.append((name, value))
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        raise BadRequestError("send one `Host`, and a host in it")
    found.host = hosts[0].decode("ascii")
    found.length = _length(sizes, scope["http_version"])
    found.passed = _without(found.passed, named)
    return found


def _length(sizes: Pairs, version: str) -> int | None:
    if not sizes:
        return 0
    [(name, value), *others] = sizes
    if others:
        raise BadRequestError("the length of the body is told in more than one way")
    if name == b"content-length":
        if not value.isdigit() or len(value) > 18:
            raise BadRequestError("`Content-Length` is a number")
        return int(value)
    if value.lower() != b"chunked" or version == "1.0":
        raise BadRequestError("the only transfer coding that is understood is `chunked`")
    return None


def _without(headers: Pairs, named: bytes) -> Pairs:
    """Without those that `Connection` names."""
    gone = {name.strip().lower() for name in named.split(b",")} - _KEPT if named else frozenset()
    return [pair for pair in headers if pair[0] not in gone] if gone else headers


@lru_cache(maxsize=1024)
def _goes_on(name: bytes) -> bool:
    """Whether it is neither of the hop, nor ours to say, nor odd."""
    if name in _HOP or name in OURS or name.startswith(CLAIMS):
        return False
    return _NAME.fullmatch(name) is not None


def sender(scope: Scope, trusted: Sequence[str]) -> tuple[str, str]:
    """Address and scheme of who sent it; what headers say of them counts only from our proxies."""
    address: str = (scope.get("client") or ("unknown", 0))[0]
    scheme = "https" if scope["scheme"] in ("https", "wss") else "http"
    if not trusted or not _is_trusted(address, trusted):
        return address, scheme
    if (told := _last(scope, b"x-forwarded-proto")) in ("http", "https"):
        scheme = told
    hops = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    for hop in reversed(b",".join(hops).decode("latin-1").split(",")):
        try:
            address = str(ip_address(hop.strip()))
        except ValueError:
            break
        if not _is_trusted(address, trusted):
            break
    return address, scheme


def _last(scope: Scope, wanted: bytes) -> str:
    told = [value for name, value in scope["headers"] if name == wanted]
    return told[-1].decode("latin-1").rpartition(",")[2].strip() if told else ""


def _is_trusted(address: str, trusted: Iterable[str]) -> bool:
    return any(ip_address(address) in ip_network(network) for network in trusted)


def outgoing(head: Incoming, address: str, scheme: str, *, drop_token: bool) -> CIMultiDict[str]:
    """The headers for the upstream, so far as every route has them."""
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in head.passed:
        if not (drop_token and name == b"authorization"):
            headers.add(name.decode("ascii"), _text(value))
    node = f'"[{address}]"' if ":" in address else address
    headers["X-Forwarded-For"] = address
    headers["X-Forwarded-Host"] = head.host
    headers["X-Forwarded-Proto"] = scheme
    headers["Forwarded"] = f'for={node};host="{head.host}";proto={scheme}'
    return headers


def _text(value: bytes) -> str:
    """What the client library writes as UTF-8 comes out as it came in, where it was UTF-8."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def answered(raw: Iterable[tuple[bytes, bytes]], unsent: frozenset[bytes]) -> Pairs:
    """The headers of an upstream's answer that go on; raises ValueError for one that cannot be."""
    lower = [(name.lower(), value) for name, value in raw]
    named = b",".join(value for name, value in lower if name == b"connection")
    gone = {name.strip().lower() for name in named.split(b",")} - _KEPT
    passed = []
    for name, value in lower:
        if _BAD_VALUE.search(value):
            raise ValueError("control characters in a header")
        if name not in _HOP and name not in unsent and name not in gone:
            passed.append((name, value))
    return passed
