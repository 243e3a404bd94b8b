"""The fixtures of the tests of updates: services with a past, and templates with a future."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from front_door import Command, Terminal
from msgen.releases import Snapshot

from tests.support import history
from tests.support.history import Clone, Repo

Born = Callable[..., Repo]


@pytest.fixture
def msgen(tmp_path: Path) -> Command:
    """The command, in a folder and with a home of its own."""
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    return Command(work, home)


@pytest.fixture
def terminal(msgen: Command) -> Iterator[Callable[..., Terminal]]:
    """The command on a terminal."""
    opened: list[Terminal] = []

    def start(*words: str, size: tuple[int, int] = (60, 110)) -> Terminal:
        opened.append(Terminal(msgen, words, size))
        return opened[-1]

    yield start
    for each in opened:
        each.child.close(force=True)


@pytest.fixture(scope="session")
def oldest() -> Snapshot:
    """The first released template."""
    return history.old_releases()[0]


@pytest.fixture(scope="session")
def kept_births(tmp_path_factory: pytest.TempPathFactory) -> Born:
    """Services by their template and answers, each made once; not to be written to."""
    made: dict[str, Repo] = {}

    def make(snapshot: Snapshot, **answers: Any) -> Repo:
        key = repr((snapshot.checksum, sorted(answers.items())))
        if key not in made:
            folder = tmp_path_factory.mktemp("born") / "orders"
            made[key] = history.born(snapshot, folder, **answers)
        return made[key]

    return make


@pytest.fixture
def born(kept_births: Born, msgen: Command) -> Born:
    """`born(snapshot, tracing=False)`: a committed service to work on, where `msgen` runs."""

    def copy(snapshot: Snapshot, at: str = "orders", **answers: Any) -> Repo:
        return kept_births(snapshot, **answers).copy(msgen.folder / at)

    return copy


@pytest.fixture
def service(born: Born, oldest: Snapshot, msgen: Command) -> Repo:
    """A service of the first release; `msgen` runs in its folder."""
    made = born(oldest)
    msgen.folder = made.folder
    return made


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone of msgen with the template of this one."""
    return Clone.of_this_one(tmp_path_factory.mktemp("clone") / "msgen")
