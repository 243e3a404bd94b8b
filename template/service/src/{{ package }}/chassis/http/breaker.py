# Sealed: an update replaces this file.
"""Circuit breaker: an upstream that keeps failing is left alone for a while."""

from dataclasses import dataclass

import structlog

from .clock import CLOCK, Clock
from .errors import CircuitOpenError
from .metrics import OPEN, REFUSED

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to call; the outcome counts only as long as the state is the one it was given in."""

    epoch: int
    probe: bool = False


class Breaker:
    """Closed, open after some failures in a row, then half-open: one probe decides."""

    def __init__(
        self, name: str, *, failures: int, reset_seconds: float, clock: Clock = CLOCK
    ) -> None:
        self._name = name
        self._limit, self._reset_seconds = failures, reset_seconds
        self._clock = clock
        self._failures = self._epoch = 0
        self._open_until: float | None = None
        self._probing = False

    @property
    def state(self) -> str:
        if self._open_until is None:
            return "closed"
        return "open" if self._clock.now() < self._open_until else "half-open"

    def admit(self) -> Permit:
        """Raises CircuitOpenError, with the time until the next probe."""
        if self._open_until is None:
            return Permit(self._epoch)
        left = self._open_until - self._clock.now()
        if left > 0 or self._probing:
            REFUSED.labels(self._name, "circuit_open").inc()
            raise CircuitOpenError("a service that this needs is failing", after=left)
        self._probing = True
        return Permit(self._epoch, probe=True)

    def record(self, permit: Permit, succeeded: bool | None) -> None:
        """None: it cannot be said, as the call was cancelled or never made."""
        if permit.epoch != self._epoch:
            return
        if permit.probe:
            self._probing = False
        if succeeded is None:
            return
        if not succeeded:
            self._failures += 1
            if permit.probe or self._failures >= self._limit:
                self._open()
        elif permit.probe:
            self._close()
        else:
            self._failures = 0

    def _open(self) -> None:
        self._epoch += 1
        self._open_until = self._clock.now() + self._reset_seconds
        OPEN.labels(self._name).set(1)
        log.warning("circuit_opened", upstream=self._name, seconds=self._reset_seconds)

    def _close(self) -> None:
        self._epoch += 1
        self._failures, self._open_until = 0, None
        OPEN.labels(self._name).set(0)
        log.info("circuit_closed", upstream=self._name)
