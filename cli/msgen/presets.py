"""Presets: a set of answers under a name, as data."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .config import Config
from .errors import UsageError, UserError, did_you_mean
from .releases import Snapshot

DEFAULT, NONE = "service", "none"

_FIELDS = ("title", "summary", "patterns", "answers", "asks")
_CALLED: dict[type, str] = {list: "list", dict: "table"}


@dataclass(frozen=True)
class Preset:
    """A starting point for a service."""

    name: str
    path: Path
    title: str
    summary: str
    patterns: tuple[str, ...] = ()
    answers: dict[str, Any] = field(default_factory=dict)
    asks: tuple[str, ...] = ()
    """The few questions that are worth asking on a terminal."""


def available(snapshot: Snapshot, config: Config) -> dict[str, Preset]:
    """Every preset by name; the organisation's come first and hide ours of that name."""
    found: dict[str, Preset] = {}
    own = snapshot.root / "presets"
    for folder in (*config.presets, own):
        if folder == own and snapshot.is_foreign and not folder.is_dir():
            continue
        if not folder.is_dir():
            message = (
                f"`{config.path}` names the preset folder `{folder}`, which does not exist"
            )
            raise UserError(message, hint="write the folder or take it out of `presets`")
        for file in sorted(folder.glob("*.yml")):
            found.setdefault(file.stem, _read(file))
    if snapshot.is_foreign:
        plain = Preset(NONE, snapshot.root, "No preset", "The template's own defaults.")
        found.setdefault(NONE, plain)
    return found


def load(name: str | None, snapshot: Snapshot, config: Config) -> Preset:
    """The preset of this name, or the usual one; a template that is not ours may have none."""
    known = available(snapshot, config)
    usual = DEFAULT if not snapshot.is_foreign or DEFAULT in _of(snapshot) else NONE
    name = name or usual
    if name not in known:
        message = f"no preset named `{name}`"
        raise UsageError(message, hint=did_you_mean(name, known))
    return known[name]


def _of(snapshot: Snapshot) -> set[str]:
    """The names of the presets that come with the template."""
    return {file.stem for file in (snapshot.root / "presets").glob("*.yml")}


def _read(file: Path) -> Preset:
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as wrong:
        message = f"the preset `{file}` is not valid YAML: {' '.join(str(wrong).split())}"
        raise UserError(message) from wrong
    _check(data, file)
    return Preset(
        name=file.stem,
        path=file,
        title=str(data["title"]),
        summary=str(data["summary"]),
        patterns=tuple(map(str, data.get("patterns") or ())),
        answers=dict(data.get("answers") or {}),
        asks=tuple(map(str, data.get("asks") or ())),
    )


def _check(data: Any, file: Path) -> None:
    """Refuse what is not a preset, before anything is made of it."""
    if not isinstance(data, dict) or not data.get("title") or not data.get("summary"):
        message = f"the preset `{file}` lacks a `title` or a `summary`"
        raise UserError(message, hint="`msgen presets service --json` shows a whole one")
    for key in data:
        if key not in _FIELDS:
            message = f"the preset `{file}` sets `{key}`, which presets do not have"
            raise UserError(message, hint=did_you_mean(str(key), _FIELDS))
    for key, kind in (("patterns", list), ("answers", dict), ("asks", list)):
        if not isinstance(data.get(key) or kind(), kind):
            message = f"`{key}` in the preset `{file}` is not a {_CALLED[kind]}"
            raise UserError(message, hint="`msgen presets service --json` shows a whole one")
