# Sealed: an update replaces this file.
"""What is measured about jobs."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import func, or_, select

from ..database import Database
from ..tables import now
from .tables import JobRow, State

OUTCOMES = Counter("jobs_total", "Attempts at jobs, by what came of them.", ("name", "outcome"))
DURATION = Histogram(
    "jobs_duration_seconds",
    "How long attempts at jobs take.",
    ("name",),
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600),
)
RUNNING = Gauge(
    "jobs_running", "Jobs at work in this process.", ("name",), multiprocess_mode="livesum"
)
# The queue is one for all processes: each of them says the same.
WAITING = Gauge("jobs_waiting", "Jobs that are due.", ("name",), multiprocess_mode="livemax")
OLDEST = Gauge(
    "jobs_oldest_seconds",
    "How long the oldest job has been due.",
    ("name",),
    multiprocess_mode="livemax",
)
DEAD = Gauge("jobs_dead", "Dead letters among the jobs.", ("name",), multiprocess_mode="livemax")


async def measure(database: Database, names: Iterable[str]) -> None:
    at = now()
    due = or_(JobRow.state == State.DEAD, JobRow.run_at <= at)
    query = (
        select(JobRow.name, JobRow.state, func.count().label("number"))
        .add_columns(func.min(JobRow.run_at).label("oldest"))
        .where(JobRow.state.in_((State.WAITING, State.DEAD)), due)
        .group_by(JobRow.name, JobRow.state)
    )
    found = {(row["name"], row["state"]): row for row in await database.rows(query)}
    for name in {*names, *(name for name, _ in found)}:
        waiting, dead = found.get((name, State.WAITING)), found.get((name, State.DEAD))
        WAITING.labels(name).set(waiting["number"] if waiting else 0)
        OLDEST.labels(name).set(_age(waiting["oldest"], at) if waiting else 0)
        DEAD.labels(name).set(dead["number"] if dead else 0)


def _age(oldest: datetime, at: datetime) -> float:
    return max(0.0, (at - oldest).total_seconds())
