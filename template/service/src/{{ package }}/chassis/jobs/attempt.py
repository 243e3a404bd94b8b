# Sealed: an update replaces this file.
"""One attempt at a job: under its limit of time, with its trace, and what came of it."""

import asyncio
from time import perf_counter

import structlog

from ..edge import Crashes
from ..errors import DomainError
from . import figures, tracing
from .ends import Ends
from .handlers import Handler
from .lease import Claim, LeaseLostError
from .run import Run
from .settings import JobsSettings
from .tables import State

log = structlog.get_logger()


class UnfinishedError(DomainError):
    """It came to no end of its own."""


class TookTooLongError(UnfinishedError):
    pass


class SilenceError(UnfinishedError):
    pass


_SILENT = "its process died, or was silent for too long"


class Attempts:
    def __init__(self, ends: Ends, settings: JobsSettings, crashes: Crashes) -> None:
        self._ends, self._settings, self._crashes = ends, settings, crashes

    async def make(self, run: Run, handler: Handler) -> None:
        """Do the job; it ends as done, or as `Ends` says."""
        running, started = figures.RUNNING.labels(run.claim.name), perf_counter()
        running.inc()
        try:
            with tracing.following(run.claim):
                run.task = asyncio.create_task(self._work(run, handler))
                await asyncio.wait({run.task})
                outcome = await self._outcome(run, handler, run.task)
                seconds = perf_counter() - started
                _note(run.claim, outcome, ms=round(seconds * 1000, 1))
        finally:
            running.dec()
        figures.DURATION.labels(run.claim.name).observe(seconds)

    async def over(self, claim: Claim, handler: Handler) -> None:
        """For a job that nobody does. That its process was silent for too long is a failure."""
        with tracing.following(claim):
            try:
                if claim.cancel:
                    outcome = await self._cancel(claim, handler)
                else:
                    outcome = await self._ends.failed(claim, handler, SilenceError(_SILENT))
            except LeaseLostError:
                return
            _note(claim, "lost" if outcome == "failed" else outcome)

    async def _work(self, run: Run, handler: Handler) -> None:
        limit = handler.seconds or self._settings.jobs_timeout_seconds
        try:
            async with asyncio.timeout(limit) as timeout:
                job = handler.kind.read(run.claim.data, version=run.claim.version)
                await handler.work(job, run)
        except TimeoutError:
            if timeout.expired():
                raise TookTooLongError(f"it took longer than {limit:g} s") from None
            raise
        if not run.finished:
            async with run.finish():
                """There was nothing to change with its end."""

    async def _outcome(self, run: Run, handler: Handler, task: asyncio.Task[None]) -> str:
        error = None if task.cancelled() else task.exception()
        if run.finished:
            return "done"
        try:
            if run.stopped == "stopping":
                return await self._ends.give_back(run.claim)
            if run.stopped == "cancelled":
                return await self._cancel(run.claim, handler)
            if run.stopped == "lost" or not isinstance(error, Exception):
                return "lost"
            self._report(run.claim, error)
            return await self._ends.failed(run.claim, handler, error)
        except LeaseLostError:
            return "lost"

    async def _cancel(self, claim: Claim, handler: Handler) -> str:
        told = "somebody cancelled it"
        return await self._ends.bury(claim, handler, told, state=State.CANCELLED)

    def _report(self, claim: Claim, error: Exception) -> None:
        """Our own mistakes, with where they were made; rules that say no are no mistakes."""
        if not isinstance(error, DomainError):
            log.error("job_raised", job=claim.name, job_id=str(claim.id), exc_info=error)
            for listener in self._crashes.listeners:
                listener(error)


def _note(claim: Claim, outcome: str, **figured: float) -> None:
    figures.OUTCOMES.labels(claim.name, outcome).inc()
    tell = log.info if outcome in {"done", "given_back", "cancelled"} else log.warning
    about = {"job": claim.name, "job_id": str(claim.id), "attempt": claim.attempt}
    tell("job", **about, outcome=outcome, **figured)
