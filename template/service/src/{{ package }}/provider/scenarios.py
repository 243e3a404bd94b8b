"""The file of scenarios: answers in a row for requests that match, and rules of the resources."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from . import loading
from .faults import Fault
from .inputs import Inputs
from .operations import Match


class BadScenariosError(Exception):
    """What is wrong with the file, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class When(_Part):
    """Everything that is named has to fit; a body fits if it holds what is named here."""

    operation: str
    path: dict[str, Any] = Field(default_factory=dict)
    query: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, Any] = Field(default_factory=dict)
    body: Any = None

    def fits(self, match: Match, inputs: Inputs) -> bool:
        if self.operation not in (match.operation.name, match.operation.place):
            return False
        held = inputs.parameters
        lower = {name.lower(): value for name, value in held.get("header", {}).items()}
        return (
            all(match.values.get(name) == str(value) for name, value in self.path.items())
            and holds(held.get("query", {}), self.query)
            and holds(lower, {name.lower(): value for name, value in self.headers.items()})
            and (self.body is None or holds(inputs.body, self.body))
        )


class Webhook(_Part):
    event: str
    url: str | None = None
    body: dict[str, Any] = Field(default_factory=dict)


class Step(_Part):
    """One answer. Without a status and a fault the request goes on as if there were no scenario."""

    status: int | None = Field(None, ge=200, le=599)
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    example: str | None = None
    fault: Fault | None = None
    webhook: Webhook | None = None


class Scenario(_Part):
    active: bool = True
    when: When
    answers: list[Step] = Field(min_length=1)
    then: Literal["repeat", "loop", "pass"] = "repeat"

    def step(self, number: int) -> Step | None:
        """The answer to the call of this number, from 1; None when the scenario is over."""
        if number <= len(self.answers) or self.then == "loop":
            return self.answers[(number - 1) % len(self.answers)]
        return self.answers[-1] if self.then == "repeat" else None


class Change(_Part):
    wants: dict[str, Any] = Field(default_factory=dict)
    sets: dict[str, Any] = Field(default_factory=dict)

    def values(self, sent: dict[str, Any], held: dict[str, Any]) -> dict[str, Any]:
        """What is set; `$body.x` is what was sent, `$resource.x` what is there."""
        found = {name: _looked_up(value, sent, held) for name, value in self.sets.items()}
        return {name: value for name, value in found.items() if value is not None}


class Rule(Change):
    """What an operation does to its resource, beyond what the document says."""

    parent: Change | None = None
    emits: str | None = None


class Scenarios(_Part):
    scenarios: dict[str, Scenario] = Field(default_factory=dict)
    rules: dict[str, Rule] = Field(default_factory=dict)

    def unknown(self, operations: set[str]) -> list[str]:
        """What names an operation that the document does not have."""
        named = {f"scenario `{key}`": each.when.operation for key, each in self.scenarios.items()}
        named |= {f"rule `{key}`": key for key in self.rules}
        return [
            f"the {where} is for `{name}`, which is no operation"
            for where, name in named.items()
            if name not in operations
        ]


def read(file: Path) -> Scenarios:
    """Raises BadScenariosError that names every mistake."""
    if not file.exists():
        return Scenarios()
    try:
        return Scenarios.model_validate(loading.read(file) or {})
    except ValidationError as error:
        problems = [
            f"`{file.name}`: `{'.'.join(map(str, item['loc']))}`: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise BadScenariosError(problems) from None


def holds(value: Any, part: Any) -> bool:
    """Whether everything in `part` is in `value` too."""
    if isinstance(part, dict):
        return isinstance(value, dict) and all(
            name in value and holds(value[name], inner) for name, inner in part.items()
        )
    if isinstance(part, list):
        return isinstance(value, list) and all(
            any(holds(item, wanted) for item in value) for wanted in part
        )
    return bool(value == part)


def _looked_up(value: Any, sent: dict[str, Any], held: dict[str, Any]) -> Any:
    if isinstance(value, str) and value.startswith("$body."):
        return sent.get(value.removeprefix("$body."))
    if isinstance(value, str) and value.startswith("$resource."):
        return held.get(value.removeprefix("$resource."))
    return value
