# Sealed: an update replaces this file.
"""How far behind events are, and what became of them."""

from prometheus_client import Counter, Gauge, Histogram

WAITING = Gauge("outbox_waiting", "Events that are not yet sent.", multiprocess_mode="mostrecent")
OLDEST = Gauge(
    "outbox_oldest_seconds",
    "Age of the oldest event that is not yet sent.",
    multiprocess_mode="mostrecent",
)
PUBLISHED = Counter("outbox_published_total", "Events that the broker has taken.", ("topic",))
HANDLED = Counter(
    "events_handled_total", "Events received, by what became of them.", ("type", "outcome")
)
LAG = Histogram(
    "events_lag_seconds",
    "Time from an event to the end of its handling.",
    ("topic",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600),
)
DEAD = Gauge("dead_letters", "Events that were given up.", multiprocess_mode="mostrecent")
