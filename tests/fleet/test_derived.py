"""Files that are made from others: `uv.lock`, and the table of settings."""

import re
import subprocess

import pytest
from front_door import Command
from msgen import releases
from uv import find_uv_bin

from tests.support.history import Repo

from .conftest import Born
from .fleets import BRANCH, row

_BLOCK = re.DOTALL | re.MULTILINE
OUTDATED = 'version = 1\nrequires-python = ">=3.8"\n'


@pytest.fixture
def locked(service: Born) -> Repo:
    """A service with a lock that does not fit."""
    repo = service("orders", releases.current())
    repo.write("uv.lock", OUTDATED)
    repo.commit()
    return repo


def need_nothing(repo: Repo) -> None:
    """Without dependencies uv can resolve without a network."""
    text = repo.text("pyproject.toml")
    for key in ("dependencies", "dev", "lint"):
        text = re.sub(rf"^{key} = \[\n.*?^\]", f"{key} = []", text, flags=_BLOCK)
    repo.write("pyproject.toml", text)
    repo.commit()


def lock_fits(repo: Repo) -> bool:
    words = [find_uv_bin(), "lock", "--check", "--offline", "--quiet"]
    return subprocess.run(words, cwd=repo.folder, check=False).returncode == 0


def test_lock_fits_the_update(msgen: Command, locked: Repo) -> None:
    need_nothing(locked)

    ran = msgen("fleet", "update", "--json")

    assert row(ran, "orders")["notes"] == []
    assert not lock_fits(locked)
    locked.git("switch", "--quiet", BRANCH)
    assert lock_fits(locked)
    assert locked.git("log", "--oneline", "main..").count("\n") == 1


def test_lock_that_cannot_be_made_is_told_and_the_branch_is_there(
    msgen: Command, locked: Repo
) -> None:
    msgen.env |= {"UV_OFFLINE": "1", "UV_NO_CACHE": "1"}

    ran = msgen("fleet", "update", "--json")

    [note] = row(ran, "orders")["notes"]
    assert note.startswith("`uv.lock` is stale (")
    assert note.endswith("on the branch run `uv lock`")
    assert locked.git("show", f"{BRANCH}:uv.lock") == OUTDATED
    assert ran.code == 0


def test_edited_table_of_settings_is_told_to_be_stale(msgen: Command, service: Born) -> None:
    repo = service("orders")
    repo.append("docs/settings.md", "| OURS | |")
    repo.commit()

    ran = msgen("fleet", "update")

    assert "`docs/settings.md` may be stale" in ran.out
