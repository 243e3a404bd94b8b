"""Rate limits: how many requests are counted together, where, and how it is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from time import time

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string
from prometheus_client import Counter
from pydantic import SecretStr

from ..chassis.errors import DomainError
from ..chassis.http import CircuitOpenError
from ..chassis.http.breaker import Breaker
from .document import Dimension, RoutePart

log = structlog.get_logger()

Headers = list[tuple[bytes, bytes]]
LIMITED = Counter("edge_limited_total", "Requests over a rate limit.", ("route", "by"))
UNCOUNTED = Counter(
    "edge_rate_store_failures_total", "Times the store of the rate limits did not answer."
)


class TooManyRequestsError(DomainError):
    status = 429


@dataclass(frozen=True, slots=True)
class Limit:
    item: RateLimitItem
    by: tuple[Dimension, ...]
    route: str

    @property
    def name(self) -> str:
        return "-".join(self.by)


class Rates:
    """The limits of a route: those that need no token are asked before it is checked."""

    def __init__(self, part: RoutePart) -> None:
        every = [Limit(parse(rate.limit), rate.by, part.name) for rate in part.rates]
        self.before = [each for each in every if not {"caller", "tenant"} & set(each.by)]
        self.after = [each for each in every if each not in self.before]


class RateLimiter:
    """Counts in memory, or in Redis for all gateways together; where Redis is away, in memory."""

    def __init__(self, url: SecretStr | None) -> None:
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = None if url is None else _in_redis(url.get_secret_value())
        self._breaker = Breaker("rate-store", failures=3, reset_seconds=5)

    async def hit(self, limits: Iterable[Limit], **who: str) -> Headers:
        """Raises TooManyRequestsError; else the headers that tell what is left of the tightest."""
        tightest: tuple[int, Headers] | None = None
        for limit in limits:
            keys = [limit.route, *(who.get(each, "").replace("/", "%2F") for each in limit.by)]
            allowed, left, seconds = await self._count(limit, keys)
            headers = _headers(limit, left, seconds)
            if not allowed:
                LIMITED.labels(limit.route, limit.name).inc()
                raise _refused(headers, seconds)
            if tightest is None or left < tightest[0]:
                tightest = (left, headers)
        return tightest[1] if tightest else []

    async def _count(self, limit: Limit, keys: list[str]) -> tuple[bool, int, int]:
        if self._shared is None:
            return await _ask(self._own, limit, keys)
        try:
            permit = self._breaker.admit()
        except CircuitOpenError:
            return await _ask(self._own, limit, keys)
        try:
            counted = await _ask(self._shared, limit, keys)
        except Exception as error:  # noqa: BLE001 - of whatever library the store brings
            self._breaker.record(permit, succeeded=False)
            UNCOUNTED.inc()
            log.warning("rate_store_failed", error=type(error).__name__)
            return await _ask(self._own, limit, keys)
        self._breaker.record(permit, succeeded=True)
        return counted


def _in_redis(url: str) -> SlidingWindowCounterRateLimiter:
    wait = {"socket_timeout": 0.25, "socket_connect_timeout": 0.25}
    storage = storage_from_string(f"async+{url}", implementation="redispy", **wait)
    assert isinstance(storage, Storage)
    return SlidingWindowCounterRateLimiter(storage)


async def _ask(
    limiter: SlidingWindowCounterRateLimiter, limit: Limit, keys: list[str]
) -> tuple[bool, int, int]:
    allowed = await limiter.hit(limit.item, *keys)
    reset, left = await limiter.get_window_stats(limit.item, *keys)
    window: int = limit.item.get_expiry()
    return allowed, max(0, left), max(1, min(window, round(reset - time())))


def _headers(limit: Limit, left: int, seconds: int) -> Headers:
    """As the draft of the IETF says it: `RateLimit-Policy` and `RateLimit`."""
    name, item = limit.name, limit.item
    policy = f'"{name}";q={item.amount};w={item.get_expiry()}'
    return [
        (b"ratelimit-policy", policy.encode()),
        (b"ratelimit", f'"{name}";r={left};t={seconds}'.encode()),
    ]


def _refused(headers: Headers, seconds: int) -> TooManyRequestsError:
    error = TooManyRequestsError("too many requests: wait, and come again")
    told = {name.decode(): value.decode() for name, value in headers}
    error.headers = {"Retry-After": str(seconds), **told}
    return error
