# Sealed: an update replaces this file.
"""What the clients of all brokers need: bounds for their time, and sessions that begin again."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

import structlog

from ...lifecycle import background
from .port import BusUnavailableError, Message

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
    except (Exception, asyncio.CancelledError) as error:
        if is_cancelled(error):
            raise
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, BusUnavailableError):
            raise error from None
        raise BusUnavailableError(f"{otherwise} ({type(error).__name__})") from None


def is_cancelled(error: BaseException) -> bool:
    """Clients cancel what waits for them when they lose their connection: nobody asked for that."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and bool(task and task.cancelling())


async def one_by_one(
    messages: Iterable[Message], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Of each key, all keys at once: what follows a message that was refused is not sent."""
    chains: dict[tuple[str, str], list[Message]] = defaultdict(list)
    for message in messages:
        chains[message.topic, message.key].append(message)
    tasks = [asyncio.create_task(_chained(chain, send)) for chain in chains.values()]
    try:
        # Up to Python 3.12 a failed TaskGroup leaves its task marked as cancelled; and of a child
        # that a client has cancelled it takes no notice.
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _chained(messages: Sequence[Message], send: Callable[[Message], Awaitable[None]]) -> None:
    for message in messages:
        await send(message)


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
        except (Exception, asyncio.CancelledError) as error:
            if is_cancelled(error):
                raise
            log.warning("bus_not_connected", broker=broker, error=type(error).__name__)
        pause = _RECONNECT[0] if time.monotonic() - began > longest else min(2 * pause, longest)
        await asyncio.sleep(pause)
