# Sealed: an update replaces this file.
"""What becomes of a job that was not done: again, given back, dead, or cancelled."""

import random
from collections.abc import Callable

from pydantic import ValidationError

from ..database import Database
from ..errors import DomainError, RejectedError, UnavailableError
from ..unit_of_work import UnitOfWork
from .handlers import Handler
from .lease import Claim, again, end, over
from .settings import JobsSettings
from .tables import State

_LONGEST_PAUSE = 3600.0


class Ends:
    def __init__(
        self,
        database: Database,
        settings: JobsSettings,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._database, self._settings, self._chance = database, settings, chance

    async def failed(self, claim: Claim, handler: Handler, error: Exception) -> str:
        """Again after a pause, or dead: RejectedError at once, UnavailableError never."""
        counted = not isinstance(error, UnavailableError)
        failures = claim.failures + counted
        final = isinstance(error, RejectedError | ValidationError)
        if final or failures >= (handler.attempts or self._settings.jobs_attempts):
            return await self.bury(claim, handler, _told(error))
        seconds = self._pause(failures if counted else claim.attempt)
        async with UnitOfWork(self._database) as unit:
            values = {"failures": failures, "reason": _told(error)}
            await end(unit.session, claim, **again(unit.session, seconds=seconds, **values))
        return "failed"

    async def give_back(self, claim: Claim) -> str:
        """Another process need not wait for the lease to run out."""
        async with UnitOfWork(self._database) as unit:
            await end(unit.session, claim, **again(unit.session, seconds=0))
        return "given_back"

    async def bury(
        self, claim: Claim, handler: Handler, reason: str, *, state: State = State.DEAD
    ) -> str:
        async with UnitOfWork(self._database) as unit:
            await end(unit.session, claim, **over(unit.session, state, reason=reason))
            await last_words(unit, claim, handler, reason)
        return state.value

    def _pause(self, number: int) -> float:
        """Half of it by chance, so that those who failed together do not come back together."""
        doubled = self._settings.jobs_backoff_seconds * 2.0 ** min(number - 1, 20)
        return min(_LONGEST_PAUSE, doubled) * (0.5 + self._chance() / 2)


async def last_words(unit: UnitOfWork, claim: Claim, handler: Handler, reason: str) -> None:
    """What the slice does when a job is given up, unless its data cannot be read."""
    if handler.gave_up is None:
        return
    try:
        job = handler.kind.read(claim.data, version=claim.version)
    except ValidationError:
        return
    await handler.gave_up(job, unit, reason)


def _told(error: Exception) -> str:
    """What our own errors say; the words of others may hold secrets."""
    if isinstance(error, ValidationError):
        wrong = error.errors(include_input=False, include_url=False, include_context=False)
        return f"the data cannot be read: {wrong[0]['loc']}: {wrong[0]['msg']}"[:500]
    if isinstance(error, DomainError):
        return (f"{error.title}: {error}" if str(error) else error.title)[:500]
    return type(error).__name__
