# Sealed: an update replaces this file.
"""What events make: an aggregate changes by events only, so that they can make it again."""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar, Self

from pydantic import TypeAdapter

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_BOOKKEEPING = {"tip", "changes"}


@dataclass(frozen=True, slots=True)
class Tip:
    """The last event of a stream that is known: the next one goes behind it."""

    version: int = 0
    at: datetime = _NEVER
    digest: bytes = b""


@dataclass(slots=True, kw_only=True)
class Aggregate(ABC):
    """Its methods check the rules and `record` what happens; `apply` alone changes the state.

    `snapshots` is to be raised when `apply` comes to mean something else: older ones are ignored.
    """

    snapshots: ClassVar[int] = 1

    tip: Tip = field(default=Tip(), compare=False)
    changes: list[Any] = field(default_factory=list, compare=False)

    @property
    @abstractmethod
    def stream(self) -> str: ...

    @abstractmethod
    def apply(self, event: Any) -> None: ...

    @property
    def version(self) -> int:
        return self.tip.version + len(self.changes)

    def record(self, event: object) -> None:
        self.apply(event)
        self.changes.append(event)

    def state(self) -> dict[str, Any]:
        """As a snapshot has it."""
        state: dict[str, Any] = _adapter(type(self)).dump_python(
            self, mode="json", exclude=_BOOKKEEPING
        )
        return state

    @classmethod
    def of_state(cls, state: dict[str, Any], tip: Tip) -> Self:
        found: Self = _adapter(cls).validate_python(state)
        found.tip = tip
        return found


@lru_cache
def _adapter(kind: type[Aggregate]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@lru_cache
def shape(kind: type[Aggregate]) -> str:
    """Tells snapshots of this class from those of another, and of its own past."""
    parts = [f"{each.name}:{each.type}" for each in fields(kind) if each.name not in _BOOKKEEPING]
    text = "\n".join([kind.__qualname__, str(kind.snapshots), *sorted(parts)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
