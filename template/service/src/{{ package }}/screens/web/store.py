"""What a store of sessions does; one keeps them in the database, one in Redis."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ...chassis.errors import UnavailableError


class SessionStoreUnavailableError(UnavailableError):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A session as it is stored: neither its id nor its tokens can be used by who reads it."""

    id: str
    """The SHA-256 of what the cookie holds."""
    subject: str
    provider_session: str | None
    """The `sid` by which the provider tells that it ended."""
    tokens: bytes = field(repr=False)
    version: int = 1
    """Grows with each refresh of the tokens."""
    created_at: datetime
    seen_at: datetime
    ends_at: datetime


class Store(Protocol):
    """All methods raise UnavailableError while the store does not answer."""

    async def add(self, record: Record) -> None: ...

    async def find(self, id_: str) -> Record | None: ...

    async def touch(self, id_: str, *, seen_at: datetime) -> None: ...

    async def lease(self, id_: str, *, version: int, seconds: float) -> bool:
        """The right to refresh this version of the tokens; one asker at a time has it."""
        ...

    async def release(self, id_: str, *, version: int) -> None: ...

    async def replace(self, id_: str, *, version: int, tokens: bytes) -> bool:
        """New tokens in the place of this version, and the lease ends; false if it is gone."""
        ...

    async def remove(self, id_: str) -> None: ...

    async def remove_of(self, subject: str) -> None: ...

    async def remove_at_provider(self, provider_session: str) -> None: ...

    async def first_use(self, digest: str, *, seconds: int) -> bool:
        """Whether this was never seen before; it is remembered for so long."""
        ...

    async def purge(self, *, idle_since: datetime) -> None:
        """Forget what has ended, or was not seen since then."""
        ...

    async def check(self) -> None:
        """Raises where the store does not answer."""
        ...
