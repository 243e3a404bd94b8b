"""What one sample slice tells, the others can read: their folders of schemas side by side."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.rendering import TEMPLATE

FOLDER = TEMPLATE / "service/schemas/events"
RULES = TEMPLATE / "service/src/{{ package }}/chassis/events/compatibility.py"
TELLS = {"payments": "ledger"}
"""The slices that tell of a topic with another name."""


def readings() -> Iterator[tuple[Path, Path]]:
    """Who tells an event, and each who reads it."""
    for read in sorted(FOLDER.rglob("*.json")):
        topic = read.name.partition(".")[0]
        slice_ = FOLDER / TELLS.get(topic, topic)
        if slice_.is_dir() and slice_ != read.parent:
            yield slice_ / read.name, read


@pytest.fixture(scope="module")
def rules() -> ModuleType:
    """Those of the chassis, which need nothing of it."""
    spec = importlib.util.spec_from_file_location("compatibility", RULES)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def schema(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _name(file: Path) -> str:
    return file.relative_to(FOLDER).as_posix()


@pytest.mark.parametrize(("told", "read"), [*readings()], ids=_name)
def test_what_is_told_can_be_read(rules: ModuleType, told: Path, read: Path) -> None:
    assert rules.unreadable(writer=schema(told), reader=schema(read)) == []
