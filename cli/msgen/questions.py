"""The template's questions: what they are called, what they take, what they default to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from .errors import UsageError, did_you_mean
from .releases import Snapshot

_BOOLS = {
    **dict.fromkeys(("y", "yes", "t", "true", "on", "1"), True),
    **dict.fromkeys(("n", "no", "f", "false", "off", "0"), False),
}

_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "bool": bool,
    "int": int,
    "float": (int, float),
}


@dataclass(frozen=True)
class Question:
    """One question of `copier.yml`."""

    name: str
    type: str
    help: str = ""
    default: Any = None
    choices: Mapping[str, Any] = field(default_factory=dict)
    placeholder: str = ""
    validator: str = ""
    when: bool | str = True

    @property
    def derived(self) -> bool:
        """Whether the template works it out itself, so that nobody is asked."""
        return self.when is False

    @property
    def required(self) -> bool:
        """Whether somebody has to answer, for want of a default."""
        return self.default is None

    def parse(self, text: str) -> Any:
        """Turn text from a command line or a rendered default into a value."""
        if self.type == "str":
            return text
        if self.type == "bool":
            if text.strip().lower() not in _BOOLS:
                message = f"`{self.name}` is yes or no, not `{text}`"
                raise UsageError(message, hint=f"write `{self.name}=yes` or `{self.name}=no`")
            return _BOOLS[text.strip().lower()]
        if self.type in {"int", "float"}:
            return self._number(text)
        return yaml.safe_load(text)

    def check(self, value: Any) -> Any:
        """Refuse a value of the wrong type, or one that is not among the choices."""
        kind = _TYPES.get(self.type, object)
        if not isinstance(value, kind):
            message = f"`{self.name}` takes a {self.type}, not `{value!r}`"
            raise UsageError(message)
        if self.choices and value not in self.choices.values():
            message = f"`{self.name}` cannot be `{value}`"
            hint = did_you_mean(str(value), [str(each) for each in self.choices.values()])
            raise UsageError(message, hint=hint)
        return value

    def _number(self, text: str) -> int | float:
        try:
            return int(text) if self.type == "int" else float(text)
        except ValueError:
            message = f"`{self.name}` is a number, not `{text}`"
            raise UsageError(message, hint=f"write for example `{self.name}=3`") from None


def load(snapshot: Snapshot) -> dict[str, Question]:
    """The questions in their order; later ones may refer to earlier ones."""
    entries = snapshot.config.items()
    return {key: _question(key, about) for key, about in entries if not key.startswith("_")}


def _question(name: str, about: dict[str, Any]) -> Question:
    choices = about.get("choices") or {}
    if isinstance(choices, list):
        choices = {str(each): each for each in choices}
    return Question(
        name=name,
        type=about["type"],
        help=about.get("help", ""),
        default=about.get("default"),
        choices=choices,
        placeholder=about.get("placeholder", ""),
        validator=about.get("validator", ""),
        when=about.get("when", True),
    )


class Expressions:
    """Renders the template's own expressions: defaults, conditions, validators."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Use the same Jinja settings that Copier will use."""
        self._envops = dict(snapshot.config.get("_envops", {}))

    def render(self, text: str, context: Mapping[str, Any]) -> str:
        """Fill in one expression; plain text comes back as it is."""
        if "{" not in text:
            return text
        return str(self._environment.from_string(text).render(context))

    @cached_property
    def _environment(self) -> Any:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import SandboxedEnvironment

        return SandboxedEnvironment(
            extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
            **{**self._envops, "undefined": StrictUndefined},
        )
