"""What `routes.yml` may say: upstreams, and the routes that lead to them."""

import re
from typing import Annotated, Any, Literal

from limits import parse
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ..chassis.discovery import Address
from ..chassis.http import Limits

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,=:@-]+|\{[a-z_][a-z0-9_]*\}")
_SCOPE = re.compile(r"[!#-\[\]-~]+")  # RFC 6749, 3.3


def _means(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(what)
        return value

    return AfterValidator(check)


def _path(value: str) -> str:
    parts = value.removeprefix("/").split("/")
    good = all(_SEGMENT.fullmatch(part) and part not in (".", "..") for part in parts)
    if value != "/" and not (value.startswith("/") and good):
        raise ValueError("write a path such as `/orders`, or `/orders/{id}` with a name for a part")
    return value


def _prefix(value: str) -> str:
    if "{" in _path(value):
        raise ValueError("a prefix has no `{name}`: say `path` instead")
    return value


def _rate(value: str) -> str:
    try:
        usable = parse(value).amount > 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("write a rate such as `100/minute`, `5/second` or `1000/hour`")
    return value


def _plain(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise ValueError("a header's value has printable ASCII characters only")
    return value


def _weighted(value: Any) -> Any:
    return [{"name": value}] if isinstance(value, str) else value


Name = Annotated[str, _means(NAME, "write a name in lower case, such as `orders-read`")]
HeaderName = Annotated[
    str, _means(_HEADER, "this is no name of a header"), AfterValidator(str.lower)
]
HeaderValue = Annotated[str, AfterValidator(_plain)]
Scope = Annotated[str, _means(_SCOPE, "write a scope without blanks, such as `orders:read`")]
Path = Annotated[str, AfterValidator(_path)]
Prefix = Annotated[str, AfterValidator(_prefix)]
Host = Annotated[str, _means(_HOST, "write a host such as `api.example.com` or `*.example.com`")]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
Dimension = Literal["client", "caller", "tenant", "route"]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UpstreamLimits(Part):
    """As in `chassis.http.Limits`: what an upstream may hold of ours, and when it is left alone."""

    connect_seconds: Seconds = 1.0
    concurrency: Annotated[int, Field(ge=1, le=100_000)] = 256
    queue: Annotated[int, Field(ge=0, le=100_000)] = 256
    queue_seconds: Seconds = 0.5
    breaker_failures: Annotated[int, Field(ge=1, le=1000)] = 5
    breaker_reset_seconds: Seconds = 10.0
    eject_after: Annotated[int, Field(ge=1, le=1000)] = 3
    eject_seconds: Seconds = 10.0
    retry_budget: Annotated[float, Field(ge=0, le=1)] = 0.2

    def of_calls(self) -> Limits:
        return Limits(**self.model_dump())


class UpstreamPart(Part):
    address: Address
    audience: str = ""
    openapi: Path | None = None
    limits: UpstreamLimits = UpstreamLimits()


class Weighted(Part):
    name: Name
    weight: Annotated[int, Field(ge=0, le=1000)] = 1


class Rate(Part):
    """`by` what requests are counted together; the route alone is always one of them."""

    limit: Annotated[str, AfterValidator(_rate)]
    by: Annotated[tuple[Dimension, ...], Field(min_length=1)] = ("client",)


class HeaderRules(Part):
    set: dict[HeaderName, HeaderValue] = {}
    remove: tuple[HeaderName, ...] = ()


class Headers(Part):
    request: HeaderRules = HeaderRules()
    response: HeaderRules = HeaderRules()


class RoutePart(Part):
    """A request meets the first route of the most specific host and the longest path."""

    name: Name
    host: Host | None = None
    prefix: Prefix | None = None
    path: Path | None = None
    methods: Annotated[tuple[Method, ...], Field(min_length=1)] | None = None
    upstream: Annotated[tuple[Weighted, ...], BeforeValidator(_weighted), Field(min_length=1)]
    public: bool = False
    scopes: tuple[Scope, ...] | None = None
    rewrite: Prefix | None = None
    timeout_seconds: Seconds = 10.0
    idle_seconds: Seconds = 60.0
    retries: Annotated[int, Field(ge=0, le=5)] = 1
    rates: tuple[Rate, ...] = ()
    headers: Headers = Headers()
    cache: bool = False
    websocket: bool = False
    preserve_host: bool = False
    max_body_bytes: Annotated[int, Field(ge=0)] = 1_000_000


class Document(Part):
    upstreams: dict[Name, UpstreamPart]
    routes: tuple[RoutePart, ...]
