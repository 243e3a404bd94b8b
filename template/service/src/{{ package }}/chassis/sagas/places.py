# Sealed: an update replaces this file.
"""Where in a saga something happens, and how it stands there."""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from .tables import State

APPROVE, DECLINE, CANCEL, RESUME = "approve", "decline", "cancel", "resume"
DECISIONS = (APPROVE, DECLINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A step as it stands; `deadline_at` is that of the whole saga."""

    state: str
    attempts: int
    started_at: datetime
    ended: bool
    error: str | None
    deadline_at: datetime

    @property
    def outcome(self) -> dict[str, Any]:
        return {"state": self.state, "attempts": self.attempts, "error": self.error}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a saga something happens; `guarded` steps are not begun after a cancel."""

    saga_id: UUID
    number: int
    name: str
    kind: str
    state: State
    guarded: bool = False


def pause(attempt: int, *, longest: float) -> float:
    """Seconds until the next attempt: twice as long each time, with jitter."""
    return min(longest, 0.1 * 2.0 ** min(attempt, 20)) * random.uniform(0.5, 1.0)  # noqa: S311
