# Sealed: an update replaces this file.
"""What an event is: data with a type and a version, and how older versions are read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

Data = dict[str, Any]
Upcaster = Callable[[Data], Data]


class UnreadableEventError(Exception):
    """It cannot be read here, now or later: the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`key` is the field whose value orders events: those with the same one arrive in order."""

    topic: str
    name: str
    version: int
    key: str

    @property
    def type(self) -> str:
        return f"{self.topic}.{self.name}.v{self.version}"


class Event(BaseModel):
    """A fact, told to other services: `class OrderPlaced(Event, topic="orders", key="order_id")`.

    A breaking change takes the next `version`, and an upcaster for those who receive it. Who
    receives an event declares a class of its own, with the fields that it needs and no others.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    event_kind: ClassVar[Kind]
    event_upcasters: ClassVar[dict[int, Upcaster]]

    def __init_subclass__(cls, *, topic: str, key: str, version: int = 1) -> None:
        super().__init_subclass__()
        cls.event_kind = Kind(topic=topic, name=cls.__name__, version=version, key=key)
        cls.event_upcasters = {}
        _DECLARED.append(cls)

    @property
    def event_key(self) -> str:
        return str(getattr(self, self.event_kind.key))

    @classmethod
    def upcast(cls, version: int) -> Callable[[Upcaster], Upcaster]:
        """The decorated function makes data of the next version from data of this one."""

        def register(upcaster: Upcaster) -> Upcaster:
            cls.event_upcasters[version] = upcaster
            return upcaster

        return register

    @classmethod
    def read(cls, version: int, data: Data) -> Self:
        """Data of this version or of an older one; raises UnreadableEventError."""
        kind = cls.event_kind
        if version > kind.version:
            raise UnreadableEventError(f"version {version} of `{kind.name}` is not known here yet")
        for each in range(version, kind.version):
            if each not in cls.event_upcasters:
                raise UnreadableEventError(f"version {each} of `{kind.name}` is no longer read")
            data = cls.event_upcasters[each](data)
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise UnreadableEventError(_where(kind, error)) from None


_DECLARED: list[type[Event]] = []


def catalogue() -> tuple[type[Event], ...]:
    """Every event that the service declares, whether it tells or receives it, by type."""
    return tuple(sorted(_DECLARED, key=lambda each: (each.event_kind.type, each.__module__)))


def _where(kind: Kind, error: ValidationError) -> str:
    """The fields that are wrong, never their values."""
    errors = error.errors(include_input=False, include_url=False, include_context=False)
    places = {".".join(map(str, each["loc"])) or "data" for each in errors}
    return f"the data of `{kind.type}` are wrong at {', '.join(sorted(places))}"
