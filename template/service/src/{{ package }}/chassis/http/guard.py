# Sealed: an update replaces this file.
"""What stands between us and an upstream, whatever the transport is."""

import asyncio
from collections.abc import Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import structlog

from ..discovery import Instance, Source
from ..discovery.instance import DiscoveryError
from ..lifecycle import background
from .balancer import Balancer, Member
from .breaker import Breaker, Permit
from .bulkhead import Bulkhead
from .clock import CLOCK, Clock
from .errors import NoInstanceError

log = structlog.get_logger()

_FIRST_LOOKUP_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """For calls to one upstream; seconds, counts and shares."""

    timeout_seconds: float = 5.0
    attempt_seconds: float = 2.0
    connect_seconds: float = 1.0
    concurrency: int = 64
    queue: int = 128
    queue_seconds: float = 0.5
    breaker_failures: int = 5
    breaker_reset_seconds: float = 10.0
    eject_after: int = 3
    eject_seconds: float = 10.0
    retries: int = 2
    retry_budget: float = 0.2
    max_bytes: int = 10_000_000


@dataclass(slots=True)
class Attempt:
    """One call to one instance; `succeeded` is None where nothing can be said."""

    instance: Instance
    succeeded: bool | None = True

    def failed(self) -> None:
        """It answered, but badly."""
        self.succeeded = False

    def undecided(self) -> None:
        """Whatever comes of it says nothing about the upstream."""
        self.succeeded = None


class Guard:
    """Breaker, bulkhead, discovery and balancing for one upstream."""

    def __init__(
        self, name: str, source: Source, limits: Limits | None = None, *, clock: Clock = CLOCK
    ) -> None:
        self.name = name
        self.limits = limits or Limits()
        self._source, self._clock = source, clock
        self._stack = AsyncExitStack()
        self.breaker = Breaker(
            name,
            failures=self.limits.breaker_failures,
            reset_seconds=self.limits.breaker_reset_seconds,
            clock=clock,
        )
        self.bulkhead = Bulkhead(
            name,
            concurrency=self.limits.concurrency,
            queue=self.limits.queue,
            queue_seconds=self.limits.queue_seconds,
        )
        self.balancer = Balancer(
            name,
            eject_after=self.limits.eject_after,
            eject_seconds=self.limits.eject_seconds,
            clock=clock,
        )

    async def __aenter__(self) -> Self:
        """Look the instances up; one that cannot be found now is looked for again and again."""
        try:
            async with asyncio.timeout(_FIRST_LOOKUP_SECONDS):
                await self.look_up()
        except TimeoutError:
            log.warning("discovery_failed", upstream=self.name, error="TimeoutError")
        if self._source.seconds is not None:
            await self._stack.enter_async_context(background(self._keep_looking()))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def attempt(self, *, avoid: Collection[Instance] = ()) -> "Guarded":
        """For `async with`, around one call."""
        return Guarded(self, avoid)

    async def look_up(self) -> None:
        """Ask discovery once; keeps what is known where it does not answer."""
        try:
            self.balancer.update(await self._source.fetch())
        except DiscoveryError as error:
            log.warning("discovery_failed", upstream=self.name, error=str(error))

    async def _keep_looking(self) -> None:
        while True:
            await self._clock.sleep(self._source.seconds or 0)
            await self.look_up()


class Guarded:
    """One call at an upstream. A class, not a generator: it is on the way of every request.

    An exception that leaves the block is a failure of the upstream; a cancellation is none.
    """

    def __init__(self, guard: Guard, avoid: Collection[Instance]) -> None:
        self._guard, self._avoid = guard, avoid
        self._permit: Permit
        self._member: Member
        self._attempt: Attempt

    async def __aenter__(self) -> Attempt:
        """Raises UpstreamUnavailableError instead of the call, where there should be none."""
        guard = self._guard
        self._permit = guard.breaker.admit()
        try:
            await guard.bulkhead.enter()
            try:
                self._member = guard.balancer.choose(avoid=self._avoid)
            except NoInstanceError:
                guard.bulkhead.leave()
                raise
        except BaseException:
            guard.breaker.record(self._permit, None)
            raise
        self._attempt = Attempt(self._member.instance)
        return self._attempt

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        outcome = self._attempt.succeeded
        if error is not None and outcome is not None:
            outcome = False if isinstance(error, Exception) else None
        self._guard.balancer.release(self._member, outcome)
        self._guard.bulkhead.leave()
        self._guard.breaker.record(self._permit, outcome)
