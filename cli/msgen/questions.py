"""The template's questions: what they are called, what they take, what they default to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import yaml

from . import foreign_config
from .compiled import Compiled
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
_CAST: dict[str, Any] = {"str": str, "path": str, "int": int, "float": float}

EJECTED, RETIRED = "ejected", "retired"
INTAKE = "openapi"
_BOOKKEEPING = {EJECTED, RETIRED}
"""Recorded like answers, but written by commands and never asked for."""


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
    secret: bool = False
    """Never recorded, and never shown."""
    intake: bool = False
    """Names a file that `msgen new` copies; Copier calls it secret, so no path is recorded."""
    multiselect: bool = False

    @property
    def derived(self) -> bool:
        """Whether the template works it out itself, so that nobody is asked."""
        return self.when is False or (self.name in _BOOKKEEPING and self.type == "yaml")

    @property
    def required(self) -> bool:
        """Whether somebody has to answer, for want of a default."""
        return self.default is None

    def parse(self, text: str) -> Any:
        """Turn text from a command line or a rendered default into a value."""
        if self.multiselect:
            return self._several(text)
        if self.type not in {"bool", "int", "float", "yaml", "json"}:
            return text
        if self.type == "bool":
            if text.strip().lower() not in _BOOLS:
                message = f"`{self.name}` is yes or no, not `{text}`"
                raise UsageError(message, hint=f"write `{self.name}=yes` or `{self.name}=no`")
            return _BOOLS[text.strip().lower()]
        if self.type in {"int", "float"}:
            return self._number(text)
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError:
            message = f"`{self.name}` takes {self.type.upper()}, and `{text}` is none"
            raise UsageError(message) from None

    def check(self, value: Any) -> Any:
        """Refuse a value of the wrong type, or one that is not among the choices."""
        if self.multiselect and isinstance(value, list):
            return [replace(self, multiselect=False).check(each) for each in value]
        kind = _TYPES.get(self.type, object)
        if not isinstance(value, kind):
            message = f"`{self.name}` takes a {self.type}, not `{value!r}`"
            raise UsageError(message)
        if self.choices and value not in self.choices.values():
            message = f"`{self.name}` cannot be `{value}`"
            hint = did_you_mean(str(value), [str(each) for each in self.choices.values()])
            raise UsageError(message, hint=hint)
        return value

    def _several(self, text: str) -> list[Any]:
        """A list as YAML, or words with commas between them."""
        bare = text.strip().removeprefix("[").removesuffix("]")
        one = replace(self, multiselect=False)
        return [one.parse(each.strip(" \"'")) for each in bare.split(",") if each.strip()]

    def _number(self, text: str) -> int | float:
        try:
            return int(text) if self.type == "int" else float(text)
        except ValueError:
            message = f"`{self.name}` is a number, not `{text}`"
            raise UsageError(message, hint=f"write for example `{self.name}=3`") from None


def load(snapshot: Snapshot) -> dict[str, Question]:
    """The questions in their order; later ones may refer to earlier ones."""
    entries = foreign_config.questions(snapshot.config).items()
    found = {key: _question(key, about) for key, about in entries}
    if INTAKE in found and not snapshot.is_foreign:
        found[INTAKE] = replace(found[INTAKE], secret=False, intake=True)
    return found


def _question(name: str, about: Mapping[str, Any]) -> Question:
    kind = _kind(about)
    when = about.get("when", True)
    return Question(
        name=name,
        type=kind,
        help=str(about.get("help") or name),
        default=about.get("default"),
        choices=_choices(about.get("choices"), kind),
        placeholder=str(about.get("placeholder") or ""),
        validator=str(about.get("validator") or ""),
        when=when if isinstance(when, bool | str) else bool(when),
        secret=bool(about.get("secret")),
        multiselect=about.get("multiselect") is True,
    )


def _kind(about: Mapping[str, Any]) -> str:
    """The type, which without a word of it is that of the default."""
    said = about.get("type")
    if said:
        return str(said)
    default = type(about.get("default")).__name__
    return default if default in _TYPES else "yaml"


def _choices(said: Any, kind: str) -> dict[str, Any]:
    """What can be chosen, by its title; nothing where only an expression knows."""
    if isinstance(said, Mapping):
        said = list(said.items())
    if not isinstance(said, list):
        return {}
    found: dict[str, Any] = {}
    for each in said:
        title, value = each if isinstance(each, list | tuple) else (each, each)
        if isinstance(value, Mapping):
            value = value.get("value")
        if _is_expression(title) or _is_expression(value):
            return {}
        try:
            found[str(title)] = _CAST[kind](value) if kind in _CAST else value
        except (TypeError, ValueError):
            return {}
    return found


def _is_expression(value: Any) -> bool:
    return isinstance(value, str) and ("{{" in value or "{%" in value)


class Expressions:
    """Renders the template's own expressions: defaults, conditions, validators."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Use the same Jinja settings that Copier will use."""
        self.snapshot = snapshot
        self._envops = dict(snapshot.config.get("_envops", {}))

    def render(self, text: str, context: Mapping[str, Any]) -> str:
        """Fill in one expression; plain text comes back as it is."""
        if "{" not in text:
            return text
        return str(self._environment.from_string(text).render(context))

    def keep(self) -> None:
        """Let the next run find what was compiled."""
        self._compiled.save()

    @cached_property
    def _compiled(self) -> Compiled:
        return Compiled(f"{self.snapshot.root}\0{self._envops}\0expressions")

    @cached_property
    def _environment(self) -> Any:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import SandboxedEnvironment

        environment = SandboxedEnvironment(
            extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
            **{**self._envops, "undefined": StrictUndefined},
        )
        self._compiled.attach(environment)
        return environment
