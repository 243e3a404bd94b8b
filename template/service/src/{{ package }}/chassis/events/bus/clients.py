# Sealed: an update replaces this file.
"""What the clients of all brokers need: bounds for their time, and sessions that begin again."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from ...lifecycle import background
from .port import BusUnavailableError

log = structlog.get_logger()

CONFIRM_SECONDS = 10.0
CHECK_SECONDS = 3.0
_CLOSE_SECONDS = 3.0
_RECONNECT = (0.5, 5.0)


@asynccontextmanager
async def answered(otherwise: str, *, within: float) -> AsyncIterator[None]:
    """Raises BusUnavailableError with the sentence, and nothing of what the client had to say."""
    try:
        async with asyncio.timeout(within):
            yield
    except Exception as error:  # noqa: BLE001 - clients raise whatever their sockets do
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        raise BusUnavailableError(f"{otherwise} ({type(error).__name__})") from None


def quieten(*loggers: str) -> None:
    """Clients tell every attempt to connect, with a traceback; sessions tell it once."""
    for name in loggers:
        logging.getLogger(name).setLevel(logging.CRITICAL)


async def ended(closing: Awaitable[object]) -> None:
    """With the broker gone there is nothing to close; some clients would try for ever."""
    with suppress(Exception):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await closing


@asynccontextmanager
async def sessions(session: Callable[[], Awaitable[None]], *, broker: str) -> AsyncIterator[None]:
    """One session after the other, in the background; a session ends when the broker is away."""
    async with background(_kept(session, broker)):
        yield


async def _kept(session: Callable[[], Awaitable[None]], broker: str) -> None:
    pause, longest = _RECONNECT
    while True:
        began = time.monotonic()
        try:
            await session()
            log.warning("bus_session_ended", broker=broker)
        except Exception as error:  # noqa: BLE001 - clients raise whatever their sockets do
            log.warning("bus_not_connected", broker=broker, error=type(error).__name__)
        pause = _RECONNECT[0] if time.monotonic() - began > longest else min(2 * pause, longest)
        await asyncio.sleep(pause)
