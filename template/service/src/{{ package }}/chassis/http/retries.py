# Sealed: an update replaces this file.
"""Retries: of calls that are safe to repeat, with jitter, and never a storm of them."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    wait_random_exponential,
)

from .clock import CLOCK, Clock
from .metrics import RETRIES

T = TypeVar("T")
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})  # RFC 9110, 9.2.2
_FEW = 3.0
_MANY = 10.0


class Budget:
    """A share of the calls may be repeated: an upstream that is down is not hit the harder.

    As in Finagle: every call pays in, every retry takes one out; a few are always there.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._balance = _FEW

    def pay_in(self) -> None:
        self._balance = min(_MANY, self._balance + self._share)

    def take(self) -> bool:
        if self._balance < 1:
            return False
        self._balance -= 1
        return True


class TransientError(Exception):
    """An attempt that may go better the next time. `after` is what `Retry-After` said."""

    def __init__(self, cause: Exception, *, after: float = 0.0) -> None:
        super().__init__(str(cause))
        self.cause, self.after = cause, after


class Retries:
    """Repeats what raises TransientError, as long as time and budget allow it."""

    def __init__(self, name: str, *, retries: int, share: float, clock: Clock = CLOCK) -> None:
        self._retries, self._clock = retries, clock
        self._budget = Budget(share)
        self._count = RETRIES.labels(name)
        self._wait = wait_random_exponential(multiplier=0.05, max=1.0)

    async def run(self, attempt: Callable[[], Awaitable[T]], *, left: Callable[[], float]) -> T:
        """`left` says how many seconds there still are. Raises the cause of the last failure."""
        self._budget.pay_in()
        retrying = AsyncRetrying(
            sleep=self._clock.sleep,
            retry=retry_if_exception_type(TransientError),
            wait=self._pause,
            stop=lambda state: self._is_over(state, left()),
            before_sleep=lambda _: self._count.inc(),
            reraise=True,
        )
        try:
            return await retrying(attempt)
        except TransientError as error:
            raise error.cause from error

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        after = error.after if isinstance(error, TransientError) else 0.0
        return max(after, self._wait(state))

    def _is_over(self, state: RetryCallState, left: float) -> bool:
        if state.attempt_number > self._retries or state.upcoming_sleep >= left:
            return True
        return not self._budget.take()
