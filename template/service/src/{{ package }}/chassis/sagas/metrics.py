# Sealed: an update replaces this file.
"""What Prometheus learns of sagas."""

from prometheus_client import Counter, Gauge, Histogram

OPEN = Gauge(
    "sagas_open",
    "Sagas that have not ended, as the database has them.",
    ("saga", "state"),
    multiprocess_mode="livemax",
)
ENDED = Histogram(
    "saga_duration_seconds",
    "Time from the request to the end of a saga.",
    ("saga", "outcome"),
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400),
)
FAILURES = Counter(
    "saga_step_failures_total",
    "Attempts of a step that failed: refused for good, or tried again.",
    ("saga", "step", "kind"),
)
TAKEN_OVER = Counter("saga_executors_taken_over_total", "Dead instances whose sagas went on here.")
