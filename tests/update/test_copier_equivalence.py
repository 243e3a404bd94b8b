"""Where nothing is in dispute, `msgen update` leads where plain `copier update` leads.

Files of the team's own are left out of the comparison on purpose: Copier merges into them
even when the team has edited them, msgen leaves those alone.
"""

import subprocess
import sys
from difflib import SequenceMatcher
from pathlib import Path

import pytest
import yaml
from front_door import Command
from msgen import __version__, archive, releases
from msgen.ownership import Owner, Ownership

from tests.support import history
from tests.support.history import ROOT, Files, Repo, contents, without_derived

TOP = "# A line of the team's own."


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """The template's repository, made again from the archives: a tag for each release."""
    made = Repo(tmp_path_factory.mktemp("template"))
    made.git("init", "--quiet", "--initial-branch", "main")
    for release in releases.released():
        _empty(made)
        archive.unpack(release.archive, made.folder)
        _tag(made, str(release.version))
    _empty(made)
    archive.copy(ROOT, made.folder)
    _tag(made, __version__)
    return made


def _empty(repository: Repo) -> None:
    repository.git("rm", "-r", "--quiet", "--ignore-unmatch", ".")


def _tag(repository: Repo, version: str) -> None:
    repository.git("add", "--all", "--force")
    repository.git("commit", "--quiet", "--allow-empty", "--message", version)
    repository.git("tag", f"v{version}")


def _edits(before: Files, after: Files) -> list[str]:
    """Sealed and shared files at whose top nothing changed: there the team may write."""
    table = Ownership(releases.current())
    found = []
    for path in before.keys() & after.keys():
        old, new = (side[path][1].splitlines() for side in (before, after))
        same_top = SequenceMatcher(None, old, new).get_matching_blocks()[0][:2] == (0, 0)
        top_size = SequenceMatcher(None, old, new).get_matching_blocks()[0].size
        owned = table.owner(path) in {Owner.SEALED, Owner.SHARED}
        if path.endswith(".py") and owned and same_top and top_size > 8:
            found.append(path)
    return sorted(found)


@pytest.mark.parametrize("edited", [False, True], ids=["untouched", "edited"])
@pytest.mark.parametrize("release", releases.released(), ids=lambda each: str(each.version))
def test_both_lead_to_the_same_tree(
    repository: Repo,
    msgen: Command,
    tmp_path: Path,
    release: releases.Release,
    *,
    edited: bool,
) -> None:
    ours = history.born(releases.asked_for(str(release.version)), tmp_path / "ours")
    ours.replace(".copier-answers.yml", releases.SOURCE, str(repository.folder))
    if edited:
        _edit(ours, history.rendered(releases.current(), tmp_path / "now"))
    ours.commit()
    theirs = ours.copy(tmp_path / "theirs")

    ran = msgen("update", "--no-install", "--json", str(ours.folder))
    _copier(theirs)

    assert ran.code == 0, ran.err
    assert ran.json[0]["conflicts"] == []
    for path in ("src/orders_service/chassis/own.py", "docs/own.md") if edited else ():
        assert ours.has(path)
    assert _comparable(ours) == _comparable(theirs)


def _edit(service: Repo, now: Files) -> None:
    files = _edits(contents(service.folder), now)
    changed = [path for path in files if contents(service.folder)[path] != now[path]]
    for path in {*files[:3], *changed[:3]}:
        service.prepend(path, TOP)
    service.write("docs/own.md", "own\n")
    service.write("src/orders_service/chassis/own.py", "own = 1\n")


def _copier(service: Repo) -> None:
    words = ("update", "--defaults", "--quiet", "--vcs-ref", f"v{__version__}")
    ran = subprocess.run(
        [sys.executable, "-m", "copier", *words],
        cwd=service.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-1000:]
    assert not list(service.folder.rglob("*.rej"))


def _comparable(service: Repo) -> Files:
    """Without what is derived; of the answers file, what it says and not how it is laid out."""
    files = without_derived(contents(service.folder))
    answers = yaml.safe_load(files.pop(".copier-answers.yml")[1])
    files["answers"] = ("file", repr(sorted(answers.items())).encode())
    return files
