# Sealed: an update replaces this file.
"""What Prometheus learns of the calls."""

from functools import lru_cache

from prometheus_client import Counter, Gauge, Histogram

DURATION = Histogram(
    "http_client_request_duration_seconds",
    "Time of one attempt to call an upstream; its outcome is a status, or what went wrong.",
    ("upstream", "method", "outcome"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
IN_FLIGHT = Gauge(
    "http_client_active_requests",
    "Calls to an upstream that are under way.",
    ("upstream",),
    multiprocess_mode="livesum",
)
WAITING = Gauge(
    "http_client_queued_requests",
    "Calls that wait for a slot of the bulkhead.",
    ("upstream",),
    multiprocess_mode="livesum",
)
OPEN = Gauge(
    "http_client_circuit_open",
    "1 while the circuit breaker of an upstream is open.",
    ("upstream",),
    multiprocess_mode="livemax",
)
INSTANCES = Gauge(
    "http_client_instances",
    "Instances of an upstream that discovery knows, and those of them that are left out.",
    ("upstream", "state"),
    multiprocess_mode="livemax",
)
REFUSED = Counter(
    "http_client_refused_total",
    "Calls that were not made: circuit open, bulkhead full, or no instance.",
    ("upstream", "why"),
)
RETRIES = Counter("http_client_retries_total", "Second and further attempts.", ("upstream",))


@lru_cache(maxsize=2048)
def _series(upstream: str, method: str, outcome: str) -> Histogram:
    return DURATION.labels(upstream, method, outcome)


def observe(upstream: str, method: str, outcome: str, seconds: float) -> None:
    _series(upstream, method, outcome).observe(seconds)
