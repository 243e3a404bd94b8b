# Sealed: an update replaces this file.
"""Which instance is called: the less busy of two, and none that keeps failing."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import structlog

from ..discovery import Instance
from .clock import CLOCK, Clock
from .errors import NoInstanceError
from .metrics import INSTANCES, REFUSED

log = structlog.get_logger()

_LONGEST = 6
"""So many times the first absence, an instance that never recovers is left out at most."""


@dataclass(slots=True, eq=False)
class Member:
    """An instance as this process knows it."""

    instance: Instance
    in_flight: int = 0
    failures: int = 0
    ejections: int = 0
    out_until: float = 0.0


class Balancer:
    """Power of two choices (Mitzenmacher, 2001) among the instances that are not ejected.

    Where all are ejected, all are tried: a guess is better than none.
    """

    def __init__(
        self, name: str, *, eject_after: int, eject_seconds: float, clock: Clock = CLOCK
    ) -> None:
        self._name = name
        self._eject_after, self._eject_seconds = eject_after, eject_seconds
        self._clock = clock
        self._members: dict[Instance, Member] = {}
        self._ejected = 0
        self._gauges = {each: INSTANCES.labels(name, each) for each in ("known", "ejected")}

    def update(self, instances: Iterable[Instance]) -> None:
        """Take over what discovery found; those that stay keep their record."""
        known = self._members
        self._members = {each: known.get(each) or Member(each) for each in instances}
        if self._members.keys() != known.keys():
            urls = sorted(each.url for each in self._members)
            log.info("instances_changed", upstream=self._name, instances=urls[:20])
        self._measure()

    def choose(self, *, avoid: Collection[Instance] = ()) -> Member:
        """Raises NoInstanceError. Those to `avoid` come last."""
        if not self._members:
            REFUSED.labels(self._name, "no_instance").inc()
            raise NoInstanceError("a service that this needs is not there")
        now = self._clock.now()
        healthy = [each for each in self._members.values() if each.out_until <= now]
        pool = healthy or list(self._members.values())
        fresh = [each for each in pool if each.instance not in avoid] or pool
        one = self._draw(fresh)
        if len(fresh) > 1:
            other = self._draw([each for each in fresh if each is not one])
            one = min(one, other, key=lambda each: each.in_flight / each.instance.weight)
        one.in_flight += 1
        return one

    def release(self, member: Member, succeeded: bool | None) -> None:
        """None: it cannot be said."""
        member.in_flight -= 1
        if succeeded:
            member.failures = 0
            if member.out_until <= self._clock.now():
                member.ejections = 0
        elif succeeded is False:
            member.failures += 1
            if member.failures >= self._eject_after:
                self._eject(member)
        if self._ejected:  # some may be back by now
            self._measure()

    def _draw(self, members: list[Member]) -> Member:
        left = self._clock.chance() * sum(each.instance.weight for each in members)
        for each in members:
            left -= each.instance.weight
            if left < 0:
                return each
        return members[-1]

    def _eject(self, member: Member) -> None:
        member.failures = 0
        member.ejections = min(member.ejections + 1, _LONGEST)
        seconds = self._eject_seconds * member.ejections
        member.out_until = self._clock.now() + seconds
        url = member.instance.url
        log.warning("instance_ejected", upstream=self._name, instance=url, seconds=seconds)
        self._measure()

    def _measure(self) -> None:
        now = self._clock.now()
        self._ejected = sum(each.out_until > now for each in self._members.values())
        self._gauges["known"].set(len(self._members))
        self._gauges["ejected"].set(self._ejected)
