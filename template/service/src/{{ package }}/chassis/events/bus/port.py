# Sealed: an update replaces this file.
"""What the service asks of whatever carries its events; one adapter a broker."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

from pydantic import SecretStr

from ...errors import UnavailableError


class BusUnavailableError(UnavailableError):
    """The broker does not answer, or did not say that it has the messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`key` is what order is kept for; `id` and `body` are those of the event, a CloudEvent."""

    topic: str
    key: str
    id: str
    body: bytes
    attempt: int = 1
    """Deliveries to this group so far, where the broker counts them."""


Handle = Callable[[Message], Awaitable[None]]
"""Returns: acknowledged. Raises, is cancelled, or the process dies: delivered again."""


class BusSettings(Protocol):
    """What a bus reads of the settings."""

    @property
    def service(self) -> str: ...
    @property
    def bus_url(self) -> SecretStr: ...
    @property
    def events_partitions(self) -> int: ...
    @property
    def events_prefetch(self) -> int: ...
    @property
    def events_days(self) -> float: ...
    @property
    def events_poll_seconds(self) -> float: ...


class Publisher(Protocol):
    async def publish(self, messages: Sequence[Message]) -> None:
        """In order per key, and durable when it returns.

        Raises BusUnavailableError; some of the messages may have been published all the same.
        """


class Bus(Publisher, Protocol):
    """Topics that reach every group; the instances of a group share the work, in order per key."""

    def subscribe(self, topic: str, group: str, handle: Handle) -> None:
        """Before `running()`."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Connects in the background and consumes: a broker that is away does not stop the start.

        On exit it takes no more, lets what is in hand end, gives back the rest and its leases.
        """

    async def check(self) -> None:
        """Raises BusUnavailableError when the broker does not answer."""


def partition(key: str, *, partitions: int) -> int:
    """The same in every process, whatever its hash seed."""
    return crc32(key.encode()) % partitions
