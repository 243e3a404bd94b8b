"""Mistakes of `routes.yml` that only show when its parts are seen together."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from ..chassis.http.retries import IDEMPOTENT
from .document import NAME, RoutePart

Place = tuple[int | str, ...]
Found = tuple[Place, str]

# What the service itself answers; a route may not take it away.
OWN = ("/livez", "/readyz", "/startupz", "/metrics", "/docs", "/openapi.json", "/.well-known")


def mistakes(
    routes: Mapping[int, RoutePart], *, names: set[str], doubtful: Collection[Place]
) -> Iterator[Found]:
    """What is `doubtful` has a mistake of its own, and was left out."""
    for name in names:
        if not NAME.fullmatch(str(name)):
            yield ("upstreams", name), "is no name: write it in lower case, such as `orders`"
    for number, route in routes.items():
        place = ("routes", number)
        wrong = {at[2] for at in doubtful if at[:2] == place and len(at) > 2}
        yield from ((place + at, why) for at, why in _of_one(route, wrong))
        yield from ((place + at, why) for at, why in _upstreams(route, names))
    yield from _twice(routes)


def _of_one(route: RoutePart, wrong: Collection[object]) -> Iterator[Found]:
    alone = not {"prefix", "path"} & set(wrong)
    if alone and (route.prefix is None) == (route.path is None):
        yield (), "needs either `prefix` or `path`"
    target = route.prefix or route.path or ""
    if own := next((own for own in OWN if f"{target}/".startswith(f"{own}/")), None):
        yield (("prefix" if route.prefix else "path"),), f"takes `{own}` from the gateway itself"
    if route.public and route.scopes:
        yield ("scopes",), "asks for scopes on a public route: leave one of the two out"
    if not route.public and route.scopes is None and not {"public", "scopes"} & set(wrong):
        yield (), "lets nobody in: say `scopes`, or `public: true`"
    if alone and route.rewrite and route.prefix is None:
        yield ("rewrite",), "replaces a prefix: say `prefix` instead of `path`"
    if route.websocket and route.methods and "GET" not in route.methods:
        yield ("methods",), "leaves out `GET`, by which WebSockets begin"
    yield from _safe(route)
    yield from _rates(route)


def _safe(route: RoutePart) -> Iterator[Found]:
    asked = route.retries and "retries" in route.model_fields_set
    if asked and route.methods and not IDEMPOTENT & set(route.methods):
        methods = ", ".join(route.methods)
        yield ("retries",), f"would do nothing: {methods} may not be sent twice"
    if route.cache and route.methods and "GET" not in route.methods:
        yield ("cache",), "would do nothing: only answers to GET are kept"


def _rates(route: RoutePart) -> Iterator[Found]:
    for number, rate in enumerate(route.rates):
        if route.public and {"caller", "tenant"} & set(rate.by):
            yield ("rates", number, "by"), "counts by who calls, whom a public route does not know"


def _upstreams(route: RoutePart, names: set[str]) -> Iterator[Found]:
    for number, each in enumerate(route.upstream):
        if each.name not in names:
            near = get_close_matches(each.name, names, n=1)
            hint = f": did you mean `{near[0]}`?" if near else ""
            yield ("upstream", number, "name"), f"names `{each.name}`, which is no upstream{hint}"
    if not sum(each.weight for each in route.upstream):
        yield ("upstream",), "has no weight: give one of them more than 0"


def _twice(routes: Mapping[int, RoutePart]) -> Iterator[Found]:
    names: dict[str, int] = {}
    matches: dict[object, int] = {}
    for number, route in routes.items():
        first = names.setdefault(route.name, number)
        if first != number:
            yield ("routes", number, "name"), f"is the name of `routes[{first}]` too"
        for method in route.methods or ("*",):
            key = (route.host, route.prefix, _shape(route.path), method)
            first = matches.setdefault(key, number)
            if first != number:
                yield ("routes", number), f"matches the same requests as `routes[{first}]`"
                break


def _shape(path: str | None) -> str | None:
    if path is None:
        return None
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
