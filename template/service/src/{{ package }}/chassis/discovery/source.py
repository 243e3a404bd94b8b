# Sealed: an update replaces this file.
"""What all kinds of discovery have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .instance import DiscoveryError, Instance

__all__ = ["DiscoveryError", "Lookup", "Source", "StaticSource"]


@dataclass(frozen=True, slots=True)
class Lookup:
    """How registries are asked. `dns_server` is `HOST:PORT`; the machine's own without it."""

    seconds: float = 5.0
    dns_server: str = ""
    consul_token: str = ""


class Source(Protocol):
    """Where the instances are. Between two fetches pass `seconds`; None: once is enough."""

    @property
    def seconds(self) -> float | None: ...

    async def fetch(self) -> Sequence[Instance]:
        """Raises DiscoveryError where the registry does not answer; empty if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class StaticSource:
    instances: tuple[Instance, ...]
    seconds: None = None

    async def fetch(self) -> Sequence[Instance]:
        return self.instances
