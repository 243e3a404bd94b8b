"""An organisation's defaults, from one TOML file."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import UsageError, UserError, did_you_mean

_KEYS = ("answers", "presets", "source", "template", "trusted")


@dataclass(frozen=True)
class Config:
    """What the organisation has said once for all its services."""

    path: Path
    answers: dict[str, Any] = field(default_factory=dict)
    presets: tuple[Path, ...] = ()
    source: str = ""
    """Where services are told to find our template, when an organisation mirrors it."""
    template: str = ""
    """The template that is taken when no flag names one; ours when it is empty."""
    trusted: tuple[str, ...] = ()
    """URLs of templates that may run code; with a slash at the end, all that begin so."""


def path() -> Path:
    """`$MSGEN_CONFIG`, or `msgen/config.toml` where the platform keeps configuration."""
    chosen = os.environ.get("MSGEN_CONFIG")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_config_path

    return user_config_path("msgen", appauthor=False) / "config.toml"


def load() -> Config:
    """Read the configuration; without a file nothing is preset."""
    file = path()
    if not file.is_file():
        if os.environ.get("MSGEN_CONFIG"):
            message = f"`$MSGEN_CONFIG` names `{file}`, which does not exist"
            raise UsageError(message, hint="write the file or run `unset MSGEN_CONFIG`")
        return Config(file)
    import tomllib

    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        message = f"`{file}` is not valid TOML: {wrong}"
        raise UserError(message, hint="see docs/generate.md for an example") from wrong
    return _checked(file, data)


def _checked(file: Path, data: dict[str, Any]) -> Config:
    for key in data:
        if key not in _KEYS:
            message = f"`{file}` sets `{key}`, which msgen does not know"
            raise UserError(message, hint=did_you_mean(key, _KEYS))
    answers = data.get("answers", {})
    if not isinstance(answers, dict):
        message = f"`answers` in `{file}` is not a table"
        raise UserError(message, hint='write `[answers]` and below it `licence = "MIT"`')
    folders = _texts(file, data, "presets", "folders", "~/acme/presets")
    return Config(
        file,
        answers,
        tuple(file.parent / Path(each).expanduser() for each in folders),
        _text(file, data, "source"),
        _text(file, data, "template"),
        tuple(_texts(file, data, "trusted", "URLs", "https://git.acme.example/")),
    )


def _texts(file: Path, data: dict[str, Any], key: str, what: str, example: str) -> list[str]:
    found = data.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        message = f"`{key}` in `{file}` is not a list of {what}"
        raise UserError(message, hint=f'write `{key} = ["{example}"]`')
    return found


def _text(file: Path, data: dict[str, Any], key: str) -> str:
    found = data.get(key, "")
    if not isinstance(found, str):
        message = f"`{key}` in `{file}` is not a text"
        raise UserError(message, hint=f'write `{key} = "https://git.acme.example/service.git"`')
    return found
