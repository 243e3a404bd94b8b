"""The routes, ready to be looked up: the most specific host, then the longest path."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType

from ..chassis.errors import DomainError
from ..chassis.limits import Terms
from .document import Document, RoutePart
from .rates import Rates
from .upstreams import Upstream

_UNSENT = frozenset({"x-request-id", "date", "server", "alt-svc"})


class MethodNotAllowedError(DomainError):
    status = 405

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__()
        self.headers = {"Allow": ", ".join(sorted(allowed))}


@dataclass(slots=True, eq=False)
class Route:
    part: RoutePart
    upstreams: tuple[Upstream, ...]
    terms: Terms = field(init=False)
    path: str = field(init=False)
    segments: tuple[str, ...] = field(init=False)
    methods: frozenset[str] | None = field(init=False)
    rates: Rates = field(init=False)
    unsent: frozenset[bytes] = field(init=False)
    added: list[tuple[bytes, bytes]] = field(init=False)
    _until: list[int] = field(init=False)

    def __post_init__(self) -> None:
        part = self.part
        self.terms = Terms(None, part.max_body_bytes)
        self.path = part.path or f"{(part.prefix or '').rstrip('/')}/*"
        self.segments = _segments(part.path or part.prefix or "/")
        self.methods = frozenset(part.methods) if part.methods else None
        self.rates = Rates(part)
        rules = part.headers.response
        gone = {*_UNSENT, *rules.remove, *rules.set}
        self.unsent = frozenset(name.encode() for name in gone)
        self.added = [(name.encode(), value.encode()) for name, value in rules.set.items()]
        self._until = list(accumulate(each.weight for each in part.upstream))

    def upstream(self, chance: float) -> Upstream:
        """By weight; `chance` is from 0 to 1."""
        if len(self.upstreams) == 1:
            return self.upstreams[0]
        drawn = chance * self._until[-1]
        return next(
            each for each, until in zip(self.upstreams, self._until, strict=True) if drawn < until
        )

    def fits(self, parts: Sequence[str]) -> bool:
        wanted = self.segments
        if len(parts) < len(wanted) or (self.part.path and len(parts) != len(wanted)):
            return False
        return all(
            want == part or (want.startswith("{") and part != "")
            for want, part in zip(wanted, parts, strict=False)
        )

    def target(self, raw: bytes) -> str:
        """The path at the upstream."""
        rewrite = self.part.rewrite
        if rewrite is None:
            return raw.decode("ascii")
        rest = raw.decode("ascii").split("/")[1 + len(self.segments) :]
        return "/".join([rewrite.rstrip("/"), *rest]) or "/"

    def outside(self, path: bytes) -> bytes:
        """The path of the upstream as our clients know it."""
        inner = (self.part.rewrite or "").rstrip("/").encode()
        if self.part.rewrite is None or not path.startswith(inner + b"/"):
            return path
        return (self.part.prefix or "").rstrip("/").encode() + path[len(inner) :]


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/")) if path != "/" else ()


def specific(part: RoutePart) -> tuple[int, bool, int]:
    """Sorts the longest first, a whole path before a prefix, words before names."""
    segments = _segments(part.path or part.prefix or "/")
    names = sum(each.startswith("{") for each in segments)
    return (-len(segments), part.path is None, names)


class Branch:
    """The routes of one host, by the first part of the path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        ordered = sorted(routes, key=lambda route: specific(route.part))
        firsts = {route.segments[0] for route in ordered if route.segments}
        self._open = tuple(route for route in ordered if _is_open(route))
        self._by_first: Mapping[str, tuple[Route, ...]] = {
            first: tuple(
                route for route in ordered if _is_open(route) or route.segments[0] == first
            )
            for first in firsts
        }

    def candidates(self, first: str) -> tuple[Route, ...]:
        return self._by_first.get(first, self._open)


def _is_open(route: Route) -> bool:
    return not route.segments or route.segments[0].startswith("{")


class Table:
    """Never changes: a reload makes another one, and requests in flight keep theirs."""

    def __init__(self, document: Document, upstreams: Mapping[str, Upstream]) -> None:
        self.upstreams = MappingProxyType(dict(upstreams))
        self.routes = tuple(
            Route(part, tuple(upstreams[each.name] for each in part.upstream))
            for part in document.routes
        )
        hosts = {route.part.host for route in self.routes}
        self._branches = {
            host: Branch(route for route in self.routes if route.part.host == host)
            for host in hosts
        }
        suffixes = (host for host in hosts if host and host.startswith("*."))
        self._suffixes = sorted(suffixes, key=len, reverse=True)

    def find(self, host: str, path: str, method: str) -> Route | None:
        """Raises MethodNotAllowedError where only the method does not fit."""
        parts = path[1:].split("/")
        allowed: set[str] = set()
        for branch in self._of_host(host):
            for route in branch.candidates(parts[0]):
                if not route.fits(parts):
                    continue
                if route.methods is None or method in route.methods:
                    return route
                allowed |= route.methods
        if allowed:
            raise MethodNotAllowedError(allowed)
        return None

    def _of_host(self, host: str) -> list[Branch]:
        if len(self._branches) == 1 and None in self._branches:
            return [self._branches[None]]
        host = host.lower()
        names = [host, host.rpartition(":")[0] or host]
        names += [each for each in self._suffixes if names[1].endswith(each[1:])]
        found = [self._branches[each] for each in dict.fromkeys(names) if each in self._branches]
        return [*found, *([self._branches[None]] if None in self._branches else [])]
