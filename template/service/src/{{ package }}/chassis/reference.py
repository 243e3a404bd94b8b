# Sealed: an update replaces this file.
"""The table of all settings, for `docs/settings.md`."""

import types
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from .config import CoreSettings, variable

_HEAD = """\
# Settings

Read in this order; the first that names a setting wins: environment variables, `.env`, files in the
secrets directory (`{prefix}SECRETS_DIR`, `/run/secrets` by default), the TOML file that
`{prefix}CONFIG_FILE` names (its keys are the names below in lower case, without
the prefix). Made by `{service} settings --write`.

| Variable | Values | Default | What it does |
|---|---|---|---|
"""


def markdown(settings: type[CoreSettings]) -> str:
    fields = settings.model_fields.items()
    rows = sorted(_row(variable(settings, name), field) for name, field in fields)
    prefix = settings.model_config.get("env_prefix", "")
    head = _HEAD.format(prefix=prefix, service=settings.service)
    return head + "".join(rows)


def _row(name: str, field: FieldInfo) -> str:
    cells = (f"`{name}`", _kind(field.annotation), _default(field.default), field.description or "")
    return "| " + " | ".join(cells) + " |\n"


def _default(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, tuple):
        value = ",".join(map(str, value))
    if isinstance(value, bool):
        value = str(value).lower()
    return "" if value is None or value == "" else f"`{value}`"


def _kind(annotation: Any) -> str:
    if get_origin(annotation) in (Union, types.UnionType):
        return _kind(next(arg for arg in get_args(annotation) if arg is not type(None)))
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) is tuple:
        return "list, by commas"
    names = {bool: "true, false", int: "integer", float: "number", SecretStr: "text, secret"}
    return names.get(annotation, "text")
