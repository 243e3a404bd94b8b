# Sealed: an update replaces this file.
"""Which function does which job, and when jobs come by themselves."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from ..unit_of_work import UnitOfWork
from .job import Job
from .run import Run
from .schedule import Cron, Every, Schedule

JobT = TypeVar("JobT", bound=Job)
Work = Callable[[JobT, Run], Awaitable[None]]
GaveUp = Callable[[JobT, UnitOfWork, str], Awaitable[None]]
Made = Callable[[datetime], Job]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """`at_once` holds over all processes; None leaves it to the settings of each."""

    kind: type[Job]
    work: Work[Any]
    at_once: int | None
    seconds: float | None
    attempts: int | None
    gave_up: GaveUp[Any] | None = None


@dataclass(frozen=True, slots=True)
class Handlers:
    """What a slice does with jobs; `jobs.work(app, handlers)` hands it to the worker."""

    by_name: dict[str, Handler] = field(default_factory=dict)
    schedules: list[Schedule] = field(default_factory=list)

    def on(
        self,
        kind: type[JobT],
        *,
        at_once: int | None = None,
        seconds: float | None = None,
        attempts: int | None = None,
    ) -> Callable[[Work[JobT]], Work[JobT]]:
        """Decorates what does a job.

        What it changes with `run.step()` and `run.finish()` is done once. It is called again
        after a failure, `attempts` times in all; RejectedError is final, and UnavailableError
        is not counted.
        """

        def keep(work: Work[JobT]) -> Work[JobT]:
            self.by_name[kind.job_name] = Handler(
                kind=kind, work=work, at_once=at_once, seconds=seconds, attempts=attempts
            )
            return work

        return keep

    def gave_up(self, kind: type[JobT]) -> Callable[[GaveUp[JobT]], GaveUp[JobT]]:
        """Decorates what is done in the transaction that makes a job dead, or cancels it."""

        def keep(gave_up: GaveUp[JobT]) -> GaveUp[JobT]:
            self.by_name[kind.job_name] = replace(self.by_name[kind.job_name], gave_up=gave_up)
            return gave_up

        return keep

    def cron(
        self, name: str, expression: str, make: Made, *, zone: str = "UTC", catch_up: bool = False
    ) -> None:
        """A job at the times of a cron expression; `catch_up` makes up for all missed ones."""
        self.schedules.append(Schedule(name, Cron(expression, zone), make, catch_up=catch_up))

    def every(self, name: str, seconds: float, make: Made, *, catch_up: bool = False) -> None:
        """A job every so many seconds."""
        self.schedules.append(Schedule(name, Every(seconds), make, catch_up=catch_up))

    def include(self, other: "Handlers") -> None:
        self.by_name.update(other.by_name)
        self.schedules.extend(other.schedules)
