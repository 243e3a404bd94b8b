# Sealed: an update replaces this file.
"""Jobs in the service's own database: claimed by leases, done once, also after a `kill -9`."""

from fastapi import FastAPI

from .. import lifecycle
from .attempt import Attempts
from .ends import Ends
from .handlers import Handlers
from .job import Job, enqueue
from .lease import LeaseLostError
from .operations import cancel, replay
from .run import Run
from .schedule import Cron, Every, Schedule, tick
from .settings import JobsSettings
from .tables import JobRow, ScheduleRow, State
from .worker import Worker

__all__ = [
    "Cron",
    "Every",
    "Handlers",
    "Job",
    "JobRow",
    "JobsSettings",
    "LeaseLostError",
    "Run",
    "Schedule",
    "ScheduleRow",
    "State",
    "cancel",
    "enqueue",
    "install",
    "replay",
    "tick",
    "work",
]


def install(app: FastAPI, settings: JobsSettings) -> None:
    database = app.state.database
    attempts = Attempts(Ends(database, settings), settings, app.state.crashes)
    app.state.jobs = Worker(database, settings, attempts, lifecycle.of(app))
    lifecycle.of(app).resources.append(app.state.jobs.open)


def work(app: FastAPI, handlers: Handlers) -> None:
    """Let the service do these jobs; before it starts."""
    worker: Worker = app.state.jobs
    worker.handlers.include(handlers)
