"""What is switched at run time: scenarios on and off, and faults for some of the calls."""

from random import Random

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from . import faults
from .faults import Fault, FaultRule
from .operations import Operation
from .scenarios import Scenario
from .store import Store

HEADER = "x-simulator-fault"
_RULES = TypeAdapter(list[FaultRule])


class BadFaultError(Exception):
    """The header asks for a fault that does not exist."""


class Switches:
    def __init__(self, store: Store, *, seed: str, headers: bool) -> None:
        """`headers`: whether callers may ask for faults themselves."""
        self._store, self._seed, self._headers = store, seed, headers

    def fault(self, request: Request, operation: Operation) -> Fault | None:
        """The caller's own, or the first rule that fits. Raises BadFaultError."""
        asked = request.headers.get(HEADER)
        if asked and self._headers:
            try:
                return faults.parsed(asked)
            except ValidationError:
                raise BadFaultError(f"`{HEADER}` names a fault that does not exist") from None
        for number, rule in enumerate(self.rules()):
            wanted = rule.operation in (None, operation.name, operation.place)
            if wanted and self._strikes(number, rule):
                return rule.fault
        return None

    def rules(self) -> list[FaultRule]:
        return _RULES.validate_python(self._store.switch("faults", []))

    def set_rules(self, rules: list[FaultRule]) -> None:
        self._store.set_switch("faults", _RULES.dump_python(rules, mode="json"))
        self._store.forget_counters("fault ")

    def is_active(self, name: str, scenario: Scenario) -> bool:
        return bool(self._store.switch(f"scenario {name}", scenario.active))

    def activate(self, name: str, *, active: bool) -> None:
        """Switch, and begin from the first answer again."""
        self._store.set_switch(f"scenario {name}", active)
        self._store.forget_counters(f"scenario {name}")

    def next_step(self, name: str) -> int:
        return self._store.count(f"scenario {name}")

    def steps_taken(self, name: str) -> int:
        return self._store.counted(f"scenario {name}")

    def _strikes(self, number: int, rule: FaultRule) -> bool:
        """As often as the rule says; by chance, but the same chance for the same seed."""
        seen = self._store.count(f"fault {number} seen")
        chance = Random(f"{self._seed} fault {number} {seen}").random()  # noqa: S311
        if chance >= rule.probability:
            return False
        if rule.times is None:
            return True
        return self._store.count(f"fault {number} struck") <= rule.times
