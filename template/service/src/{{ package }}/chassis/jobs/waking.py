# Sealed: an update replaces this file.
"""Wakes the workers of this process when there is a new job; those of others look now and then."""

import asyncio
from weakref import WeakSet

_SLEEPERS: WeakSet[asyncio.Event] = WeakSet()


def sleeper() -> asyncio.Event:
    event = asyncio.Event()
    _SLEEPERS.add(event)
    return event


def wake() -> None:
    for event in _SLEEPERS:
        event.set()
