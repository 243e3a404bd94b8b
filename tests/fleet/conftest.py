"""The fixtures of the tests of fleets: services with a past, and a template with news."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from front_door import Command
from msgen.releases import Snapshot

from tests.support import history
from tests.support.history import Clone, Repo

Born = Callable[..., Repo]

SHARED = ".gitignore"
"""A file that updates merge, and that the news is in."""


@pytest.fixture(scope="session")
def news(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone of msgen whose template says something new in a shared file."""
    clone = Clone.of_this_one(tmp_path_factory.mktemp("news") / "msgen")
    clone.prepend(SHARED, "# news of the template")
    readme = 'readme = "README.md"\n'
    clone.replace("pyproject.toml", readme, f'{readme}keywords = ["news"]\n')
    return clone


@pytest.fixture
def msgen(tmp_path: Path, news: Clone) -> Command:
    """The command with that template, in an empty folder."""
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    command = Command(work, home)
    command.env |= news.env
    return command


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
            folder = tmp_path_factory.mktemp("born") / "service"
            made[key] = history.born(snapshot, folder, **answers)
        return made[key]

    return make


@pytest.fixture
def service(kept_births: Born, oldest: Snapshot, msgen: Command) -> Born:
    """`service("teams/orders", name="orders")`: a committed service in the folder."""

    def copy(at: str, snapshot: Snapshot = oldest, **answers: Any) -> Repo:
        place = msgen.folder / at
        place.parent.mkdir(parents=True, exist_ok=True)
        return kept_births(snapshot, **answers).copy(place)

    return copy


@pytest.fixture
def three(service: Born) -> dict[str, Repo]:
    """Services called a, b and c; a is the one that comes first."""
    return {name: service(name) for name in "abc"}
