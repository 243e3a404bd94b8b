"""Answers to GET that are kept for a while, as a shared cache may do it (RFC 9111)."""

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from prometheus_client import Counter, Gauge
from starlette.datastructures import Headers

from .download import Copy
from .headers import Pairs
from .visit import Visit

_DIRECTIVE = re.compile(r'([a-z-]+)(?:="?([^",]*)"?)?')
_KEPT_STATUSES = frozenset({200, 301, 404, 410})
_VARIANTS = 32
_LARGEST_SHARE = 20
LOOKUPS = Counter("edge_cache_total", "Requests that the cache was asked for.", ("result",))
BYTES = Gauge("edge_cache_bytes", "What the cache holds.", multiprocess_mode="livesum")

Key = tuple[str, bytes, bytes]


def directives(value: str) -> dict[str, str]:
    return {name: told or "" for name, told in _DIRECTIVE.findall(value.lower())}


@dataclass(frozen=True, slots=True)
class Entry:
    """`owner` may have it; None is for everybody. `varies` are the headers it was chosen by."""

    status: int
    headers: Pairs
    body: bytes
    owner: object
    varies: tuple[tuple[str, str], ...]
    stored: float
    fresh_until: float
    etag: str

    def suits(self, owner: object, headers: Headers, now: float) -> bool:
        if self.owner not in (None, owner) or now >= self.fresh_until:
            return False
        return all(headers.get(name, "") == value for name, value in self.varies)


class Cache:
    def __init__(self, most: int, clock: Callable[[], float] = monotonic) -> None:
        self._most, self._clock = most, clock
        self._entries: OrderedDict[Key, list[Entry]] = OrderedDict()
        self._bytes = 0

    def takes(self, visit: Visit) -> bool:
        """Whether an answer that is kept would do."""
        takes = visit.route.part.cache and self._may_ask(visit, Headers(scope=visit.scope))
        if visit.route.part.cache and not takes:
            LOOKUPS.labels("bypass").inc()
        return takes

    def find(self, visit: Visit, *, again: bool = False) -> Entry | None:
        """A fresh answer for this caller; no stale one is ever given."""
        headers = Headers(scope=visit.scope)
        key, owner, now = key_of(visit), owner_of(visit), self._clock()
        found = next((e for e in self._entries.get(key, ()) if e.suits(owner, headers, now)), None)
        if not again:
            LOOKUPS.labels("miss" if found is None else "hit").inc()
        if found is not None:
            self._entries.move_to_end(key)
        return found

    def copy(self, visit: Visit, status: int, answer: Pairs) -> Copy | None:
        """Takes the answer in as it passes, if it may be kept."""
        headers, told = Headers(scope=visit.scope), Headers(raw=answer)
        cares = directives(", ".join(told.getlist("cache-control")))
        shared = bool(cares.keys() & {"public", "s-maxage"})
        if status not in _KEPT_STATUSES or not self._may_ask(visit, headers):
            return None
        if not _may_keep(told, cares) or not (shared or _is_impersonal(visit, headers)):
            return None
        named = ",".join(told.getlist("vary")).lower()
        varies = tuple((n, headers.get(n, "")) for n in map(str.strip, named.split(",")) if n)
        now, owner = self._clock(), None if shared else owner_of(visit)
        until = now + _seconds(cares) - _number(told.get("age", "0"))

        def store(body: bytes) -> None:
            etag = told.get("etag", "")
            self._store(key_of(visit), Entry(status, answer, body, owner, varies, now, until, etag))

        return Copy(self._most // _LARGEST_SHARE, store)

    def forget(self, visit: Visit) -> None:
        """What an unsafe request changed (RFC 9111, 4.4)."""
        for entry in self._entries.pop(key_of(visit), ()):
            self._count(-_weight(entry))

    def clear(self) -> None:
        self._entries.clear()
        self._count(-self._bytes)

    def _may_ask(self, visit: Visit, headers: Headers) -> bool:
        asked = directives(headers.get("cache-control", ""))
        plain = visit.method == "GET" and "range" not in headers
        return self._most > 0 and plain and not asked.keys() & {"no-cache", "no-store"}

    def _store(self, key: Key, entry: Entry) -> None:
        before = self._entries.pop(key, [])
        same = (entry.owner, entry.varies)
        now = self._clock()
        kept = [e for e in before if (e.owner, e.varies) != same and e.fresh_until > now]
        self._entries[key] = [entry, *kept[: _VARIANTS - 1]]
        self._count(sum(map(_weight, self._entries[key])) - sum(map(_weight, before)))
        while self._bytes > self._most:
            _, gone = self._entries.popitem(last=False)
            self._count(-sum(map(_weight, gone)))

    def _count(self, more: int) -> None:
        self._bytes += more
        BYTES.set(self._bytes)


def key_of(visit: Visit) -> Key:
    return visit.head.host.lower(), visit.scope["raw_path"], visit.scope["query_string"]


def owner_of(visit: Visit) -> object:
    caller = visit.caller
    return None if caller is None else (caller.subject, caller.scopes, visit.tenant)


def _weight(entry: Entry) -> int:
    return len(entry.body) + 500


def _may_keep(told: Headers, cares: dict[str, str]) -> bool:
    refused = cares.keys() & {"no-store", "no-cache", "private"}
    varies = "*" in ",".join(told.getlist("vary"))
    fresh = _seconds(cares) > _number(told.get("age", "0"))
    return fresh and not refused and not varies and "set-cookie" not in told


def _is_impersonal(visit: Visit, headers: Headers) -> bool:
    """Nothing but the caller's identity, which the owner stands for, chose this answer."""
    return "cookie" not in headers and (visit.caller is not None or "authorization" not in headers)


def _seconds(cares: dict[str, str]) -> int:
    return _number(cares.get("s-maxage", cares.get("max-age", "0")))


def _number(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 10 else 0


def served(entry: Entry, visit: Visit, now: float) -> tuple[int, Pairs, bytes]:
    """Status, headers and body; 304 where the client has this very answer."""
    age = max(0, int(now - entry.stored))
    headers = [pair for pair in entry.headers if pair[0] not in (b"age", b"content-length")]
    headers += [(b"age", str(age).encode()), (b"cache-status", b"edge; hit")]
    known = Headers(scope=visit.scope).get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
    if entry.etag and (entry.etag.removeprefix("W/") in tags or "*" in tags):
        return 304, headers, b""
    length = (b"content-length", str(len(entry.body)).encode())
    return entry.status, [*headers, length], entry.body
