"""The fixtures of the command's tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from front_door import Command, Terminal


@pytest.fixture
def msgen(tmp_path: Path) -> Command:
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    return Command(work, home)


@pytest.fixture
def terminal(msgen: Command) -> Iterator[Any]:
    opened: list[Terminal] = []

    def start(*words: str, size: tuple[int, int] = (60, 110)) -> Terminal:
        opened.append(Terminal(msgen, words, size))
        return opened[-1]

    yield start
    for each in opened:
        each.child.close(force=True)


@pytest.fixture
def folder(msgen: Command) -> Path:
    """Where the command runs."""
    return msgen.folder
