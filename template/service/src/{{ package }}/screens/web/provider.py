"""What a sign-in and a refresh need of whoever knows the people."""

from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from ...chassis.errors import DomainError, UnavailableError


class SignInRefusedError(DomainError):
    """What came back from the provider is not what was asked for."""

    status = 400


class RefreshRefusedError(Exception):
    """The provider takes the refresh token no more: the session is over."""


class ProviderUnavailableError(UnavailableError):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    ends: float | None = None
    """Of the access token, in seconds since 1970; None where the provider does not say."""
    scopes: tuple[str, ...] = ()
    name: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Tokens":
        return cls(**{**stored, "scopes": tuple(stored["scopes"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Who has signed in, and with what tokens."""

    subject: str
    tokens: Tokens
    provider_session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What one sign-in is known by: `state` to us, `nonce` and `verifier` to the provider."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


class Provider(Protocol):
    async def where(self, challenge: Challenge) -> str:
        """The address that a browser signs in at."""
        ...

    async def exchange(self, answer: dict[str, str], challenge: Challenge) -> Grant:
        """`answer` is the query of the callback; raises SignInRefusedError."""
        ...

    async def refresh(self, tokens: Tokens, *, subject: str) -> Tokens:
        """Raises RefreshRefusedError."""
        ...

    async def revoke(self, tokens: Tokens) -> None:
        """Best effort: the session has ended here, whatever the provider says."""
        ...

    async def farewell(self, tokens: Tokens) -> str:
        """Where a browser goes that has signed out here, to sign out there."""
        ...
