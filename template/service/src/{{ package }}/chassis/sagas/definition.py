# Sealed: an update replaces this file.
"""What a saga is: a list of steps, and how each is taken back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ..database import Database
from ..unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the functions of a step are given; `resources` is what `orchestrate` was told."""

    saga_id: UUID
    step: str
    data: Mapping[str, Any]
    resources: Any
    database: Database

    @property
    def key(self) -> str:
        """The idempotency key of the step: the same at each attempt, also after a crash."""
        return f"{self.saga_id}:{self.step}"

    def unit(self) -> UnitOfWork:
        return UnitOfWork(self.database)


Action = Callable[[Work], Awaitable[object]]
Condition = Callable[[Work], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`seconds` None: as the settings say."""

    name: str
    do: Action
    undo: Action | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    name: str
    when: Condition
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retriable:
    name: str
    do: Action


Part = Step | Approval | Retriable


@dataclass(frozen=True, slots=True, kw_only=True)
class Saga:
    """A change of its list is a new version; the old list stays as long as sagas of it run."""

    name: str
    version: int
    seconds: float | None
    steps: tuple[Part, ...]

    @property
    def queue(self) -> str:
        return queue_of(self.name, self.version)


def queue_of(name: str, version: int) -> str:
    return f"{name}.v{version}"


def saga(name: str, *, version: int, seconds: float | None = None) -> Callable[..., Saga]:
    """`saga("checkout", version=1)(step(…), step(…), retriable(…))`.

    `seconds` bounds the whole of it up to the first retriable step. Raises ValueError where a
    name is used twice, or a step that may fail follows one that may not.
    """

    def of(*steps: Part) -> Saga:
        names = [step.name for step in steps]
        if len(set(names)) < len(names):
            raise ValueError(f"saga `{name}`: two steps have the same name")
        final = [isinstance(step, Retriable) for step in steps]
        if final != sorted(final):
            raise ValueError(f"saga `{name}`: nothing but `retriable` may follow a `retriable`")
        return Saga(name=name, version=version, seconds=seconds, steps=steps)

    return of


def step(
    name: str, *, do: Action, undo: Action | None = None, seconds: float | None = None
) -> Step:
    """Tried until it succeeds, is refused, or `seconds` are over; `undo` takes it back.

    A DomainError is a refusal: nothing was done. Everything else, and those that say that somebody
    is away (502, 503, 504), is tried again, as nobody knows what was done.
    """
    return Step(name=name, do=do, undo=undo, seconds=seconds)


def approval(name: str, *, when: Condition, seconds: float | None = None) -> Approval:
    """Waits for a person where `when` says so; no answer within `seconds` is a no."""
    return Approval(name=name, when=when, seconds=seconds)


def retriable(name: str, *, do: Action) -> Retriable:
    """After the point of no return: tried until it succeeds."""
    return Retriable(name=name, do=do)
