"""An OpenAPI document of this machine, taken into a service when it is made."""

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from .errors import UsageError

_SAMPLE = "src/*/provider/openapi.yaml"
_NO_SCENARIOS = """\
# What the document cannot say: `rules` of the resources, and `scenarios` by name.
rules: {}
scenarios: {}
"""


def check(file: Path | None) -> None:
    """Refuse what is no OpenAPI document, before anything is written."""
    if file is None:
        return
    try:
        version = _version(file.read_bytes())
    except OSError as wrong:
        message = f"`{file}` cannot be read: {(wrong.strerror or 'it failed').lower()}"
        raise UsageError(message, hint="write `--set openapi=FILE`") from wrong
    except (ValueError, yaml.YAMLError, RecursionError) as wrong:
        message = f"`{file}` is neither JSON nor YAML"
        raise UsageError(message, hint="give an OpenAPI 3.0 or 3.1 document") from wrong
    if not version.startswith(("3.0", "3.1")):
        is_what = f"OpenAPI {version}" if version else "no OpenAPI document"
        message = f"`{file}` is {is_what}, and only OpenAPI 3.0 and 3.1 are emulated"
        raise UsageError(message, hint="give an OpenAPI 3.0 or 3.1 document")


def place(file: Path | None, service: Path) -> None:
    """Put the document where the sample lies; the scenarios of the sample go with it."""
    if file is None:
        return
    for sample in service.glob(_SAMPLE):
        is_json = file.read_bytes().lstrip()[:1] == b"{"
        sample.unlink()
        shutil.copyfile(file, sample.with_suffix(".json" if is_json else ".yaml"))
        sample.with_name("scenarios.yml").write_text(_NO_SCENARIOS, encoding="utf-8")


def _version(content: bytes) -> str:
    """What the document says it is; nothing where it says nothing."""
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    is_json = content.lstrip()[:1] == b"{"
    found = json.loads(content) if is_json else yaml.load(content, loader)  # noqa: S506
    if not isinstance(found, dict) or not isinstance(found.get("paths", {}), dict):
        return ""
    return str(found.get("openapi", ""))
