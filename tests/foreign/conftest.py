"""The fixtures of the tests with templates that are not ours: repositories made on the spot."""

from collections.abc import Callable
from pathlib import Path

import pytest
from front_door import Command

from tests.foreign.templates import Template
from tests.support.history import Repo

Made = Callable[..., Repo]


@pytest.fixture
def msgen(tmp_path: Path) -> Command:
    """The command, with a folder, a home and a cache of its own."""
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    command = Command(work, home)
    command.env["MSGEN_CACHE"] = str(tmp_path / "cache")
    return command


@pytest.fixture
def template(tmp_path: Path) -> Template:
    """An empty repository for a template."""
    return Template.at(tmp_path / "templates" / "t.git")


@pytest.fixture
def made(msgen: Command) -> Made:
    """`made(url, "shop", "--set", "k=v")`: a committed service, where `msgen` runs then."""

    def make(source: str, name: str = "shop", *words: str) -> Repo:
        ran = msgen("new", name, "--template", source, "--no-install", *words)
        assert ran.code == 0, ran.err
        folder = msgen.folder / name
        assert (folder / ".git").is_dir(), ran.out
        msgen.folder = folder
        return Repo(folder)

    return make


@pytest.fixture
def configure(msgen: Command) -> Callable[[str], Path]:
    """Write the organisation's configuration."""

    def write(text: str) -> Path:
        file = Path(msgen.env["XDG_CONFIG_HOME"]) / "msgen" / "config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    return write
