"""`msgen update`: from every release to the template of this clone, everywhere."""

import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from front_door import Command
from msgen import __version__, questions, releases
from msgen.releases import Snapshot

from tests.support import answers, history
from tests.support.history import Clone, Repo, contents, without_derived

from .conftest import Born

QUICK = ("update", "--no-install")
SEALED = "src/orders_service/chassis/web.py"
CHANGED = "src/orders_service/chassis/limits.py"
MINE = "the team's own text\n"


def _preset_answers(snapshot: Snapshot, preset: str) -> dict[str, Any]:
    file = snapshot.root / f"presets/{preset}.yml"
    found: dict[str, Any] = yaml.safe_load(file.read_text())["answers"]
    return found


def _all_known(snapshot: Snapshot, position: int) -> dict[str, Any]:
    """One value for each option that this template has."""
    known = questions.load(snapshot)
    values = {name: found for name, found in answers.values().items() if name in known}
    return {name: found[position] for name, found in values.items() if name != "slice"}


def _new_one(service: Repo, folder: Path) -> history.Files:
    """What `msgen new` would make of the answers that the service records now."""
    recorded = yaml.safe_load(service.text(".copier-answers.yml"))
    given = {key: value for key, value in recorded.items() if not key.startswith("_")}
    return history.rendered(releases.current(), folder, **given)


def _clash(service: Repo) -> None:
    """A conflict: the template changed this file, and the team wrote it anew."""
    service.write(CHANGED, MINE)
    service.commit("Clash")


# --- Where it leads ------------------------------------------------------------------


def _ways() -> Iterator[Any]:
    """Every release with its presets, and options as they are, on and off."""
    for release in releases.released():
        with tarfile.open(release.archive) as opened:
            names = opened.getnames()
        presets = [
            Path(name).stem for name in names if re.fullmatch(r"presets/[^/]+.yml", name)
        ]
        for preset in presets:
            for options in ("default", "first", "last"):
                yield pytest.param(release, preset, options,
                                   id=f"{release.version}-{preset}-{options}")  # fmt: skip


@pytest.mark.parametrize(("release", "preset", "options"), list(_ways()))
def test_an_untouched_service_becomes_a_new_one(  # noqa: PLR0913, PLR0917
    born: Born, msgen: Command, tmp_path: Path, release: Any, preset: str, options: str
) -> None:
    old = releases.asked_for(str(release.version))
    chosen = {} if options == "default" else _all_known(old, 0 if options == "first" else -1)
    service = born(old, **{**chosen, **_preset_answers(old, preset)})
    before = yaml.safe_load(service.text(".copier-answers.yml"))

    ran = msgen(*QUICK, "orders", "--json")

    [said] = ran.json
    assert ran.code == 0, ran.err
    assert said["status"] in {"done", "up to date"}
    assert said["conflicts"] == []
    if old.checksum == releases.current().checksum:
        return
    after = yaml.safe_load(service.text(".copier-answers.yml"))
    assert {key: after[key] for key in before if key in after and key[0] != "_"} == {
        key: value for key, value in before.items() if key in after and key[0] != "_"
    }
    new = _new_one(service, tmp_path / "new")
    assert without_derived(contents(service.folder)) == without_derived(new)
    assert after["_commit"] == f"v{__version__}"


def test_the_second_run_changes_nothing(service: Repo, msgen: Command) -> None:
    assert msgen(*QUICK).code == 0
    service.commit()
    before = service.state()

    ran = msgen(*QUICK)

    assert ran.code == 0
    assert f"orders is up to date with {__version__}" in ran.out
    assert service.status == []
    assert service.state().differing(before) == []


def test_nothing_is_committed_and_everything_is_staged(service: Repo, msgen: Command) -> None:
    head = service.head

    ran = msgen(*QUICK)

    assert service.head == head
    assert service.git("diff", "--name-only") == ""
    assert service.git("diff", "--staged", "--name-only") != ""
    assert [line for line in service.status if line[1] != " "] == []
    assert "git commit --message 'Update the template to" in ran.out


def test_a_dry_run_says_what_the_run_does_and_writes_nothing(
    service: Repo, msgen: Command
) -> None:
    service.prepend(SEALED, "# ours")
    service.prepend("README.md", "ours")
    service.write("docs/own.md", "own\n")
    _clash(service)
    before, git = service.state(), _git_folder(service)

    planned = msgen("update", "--dry-run", "--json")
    in_words = msgen("update", "--dry-run")
    between = service.state(), _git_folder(service)
    ran = msgen(*QUICK, "--json")

    assert between == (before, git)
    assert planned.code == 0
    assert planned.json[0]["status"] == "planned"
    assert in_words.code == 0
    assert f"conflict  {CHANGED}" in in_words.out
    assert "nothing was written" in in_words.out
    assert ran.code == 1
    for key in ("files", "conflicts", "from", "to", "name", "path"):
        assert planned.json[0][key] == ran.json[0][key]


def _git_folder(service: Repo) -> dict[str, bytes]:
    """Every byte in `.git` but for the file that msgen locks."""
    top = service.folder / ".git"
    files = (path for path in top.rglob("*") if path.is_file())
    found = {path.relative_to(top).as_posix(): path.read_bytes() for path in files}
    found.pop("msgen/lock", None)
    return found


def test_json_is_all_that_is_on_stdout(service: Repo, msgen: Command) -> None:
    ran = msgen(*QUICK, "--json")

    [said] = ran.json
    assert said["status"] == "done"
    assert said["name"] == "orders"
    assert said["path"] == str(service.folder)
    assert said["to"] == {
        "version": releases.current().version, "sha256": releases.current().checksum,
    }  # fmt: skip
    assert {"path", "verdict", "owner"} <= said["files"][0].keys()


def test_an_own_answers_file_keeps_source_and_answers(service: Repo, msgen: Command) -> None:
    service.replace(".copier-answers.yml", releases.SOURCE, "https://git.acme.test/msgen.git")
    service.commit()

    assert msgen(*QUICK).code == 0

    recorded = yaml.safe_load(service.text(".copier-answers.yml"))
    assert recorded["_src_path"] == "https://git.acme.test/msgen.git"
    assert recorded["name"] == "orders"


# --- What is asked for ---------------------------------------------------------------


def test_to_a_release_and_on_from_there(service: Repo, msgen: Command, tmp_path: Path) -> None:
    """The long way is the short way."""
    for release in releases.released()[1:]:
        ran = msgen(*QUICK, "--to", f"v{release.version}", "--json")
        assert ran.code == 0, ran.err
        assert service.text(".copier-answers.yml").count(f"_commit: v{release.version}") == 1
        service.commit()
    assert msgen(*QUICK).code == 0

    new = _new_one(service, tmp_path / "new")

    found, expected = contents(service.folder), new
    for each in (found, expected):
        each[".copier-answers.yml"] = ("file", b"")
    assert without_derived(found) == without_derived(expected)


@pytest.mark.parametrize("version", ["9.9.9", "0.0.1"])
def test_an_unknown_version_is_told(service: Repo, msgen: Command, version: str) -> None:
    ran = msgen(*QUICK, "--to", version)

    assert ran.code == 2
    assert f"error: this msgen does not have the template version `{version}`\n" in ran.err
    assert "hint: it has `0.1.0`, " in ran.err
    assert service.status == []


def test_what_is_no_version_is_told(service: Repo, msgen: Command) -> None:
    ran = msgen(*QUICK, "--to", "newest")

    assert ran.code == 2
    assert "error: `newest` is not a version\n" in ran.err
    assert service.status == []


def test_there_is_no_way_back(service: Repo, msgen: Command, oldest: Snapshot) -> None:
    msgen(*QUICK)
    service.commit()

    ran = msgen(*QUICK, "--to", oldest.version)

    assert ran.code == 2
    assert "which is newer than" in ran.err
    assert "`git revert` takes one back" in ran.err
    assert service.status == []


def test_answers_can_be_changed_on_the_way(
    service: Repo, msgen: Command, tmp_path: Path
) -> None:
    ran = msgen(*QUICK, "--set", "tracing=no")

    assert ran.code == 0, ran.err
    assert yaml.safe_load(service.text(".copier-answers.yml"))["tracing"] is False
    new = _new_one(service, tmp_path / "new")
    assert without_derived(contents(service.folder)) == without_derived(new)


@pytest.mark.parametrize(("word", "code"), [("traycing=no", 2), ("tracing=perhaps", 2)])
def test_wrong_answers_are_told(service: Repo, msgen: Command, word: str, code: int) -> None:
    ran = msgen(*QUICK, "--set", word)

    assert ran.code == code
    assert ran.err.startswith("error: ")
    assert "tracing" in ran.err
    assert service.status == []


def test_one_that_fails_does_not_stop_the_others(
    born: Born, msgen: Command, oldest: Snapshot
) -> None:
    first, dirty, last = (born(oldest, at) for at in ("first", "dirty", "last"))
    dirty.append("README.md", "more")

    ran = msgen(*QUICK, "first", "dirty", "nowhere", "last", "--json")

    assert ran.code == 1
    assert [each["status"] for each in ran.json] == ["done", "failed", "failed", "done"]
    assert "has changes that are not committed" in ran.json[1]["error"]
    assert first.status
    assert last.status
    assert dirty.status == [" M README.md"]


# --- What it refuses -----------------------------------------------------------------


@pytest.mark.parametrize("staged", [False, True])
def test_work_that_is_not_committed_is_not_touched(
    service: Repo, msgen: Command, *, staged: bool
) -> None:
    service.append(SEALED, "# ours")
    service.append("README.md", "ours")
    if staged:
        service.git("add", "--all")
    before = service.state()

    ran = msgen(*QUICK)

    assert ran.code == 1
    assert "error: `README.md` and 1 more has changes that are not committed" in ran.err
    assert service.state().differing(before) == []


def test_untracked_files_are_no_hindrance_and_stay(service: Repo, msgen: Command) -> None:
    service.write("notes.txt", "mine\n")
    service.write("src/orders_service/chassis/own.py", "mine\n")

    assert msgen(*QUICK).code == 0

    assert service.text("notes.txt") == "mine\n"
    assert "?? notes.txt" in service.status
    assert "?? src/orders_service/chassis/own.py" in service.status


def test_outside_of_git_it_says_what_to_do(
    msgen: Command, oldest: Snapshot, tmp_path: Path
) -> None:
    history.rendered(oldest, msgen.folder / "orders")
    before = contents(msgen.folder)

    ran = msgen(*QUICK, "orders", env={"GIT_CEILING_DIRECTORIES": str(tmp_path)})

    assert ran.code == 1
    assert "is in no git repository, so nothing could be merged or undone" in ran.err
    assert "`git init`" in ran.err
    assert contents(msgen.folder) == before


def test_before_the_first_commit_it_says_what_to_do(msgen: Command, oldest: Snapshot) -> None:
    history.rendered(oldest, msgen.folder / "orders")
    Repo(msgen.folder / "orders").git("init", "--quiet")

    ran = msgen(*QUICK, "orders")

    assert ran.code == 1
    assert "is committed, so nothing could be merged or undone" in ran.err


def test_a_service_that_only_its_surroundings_have_committed_is_told(
    msgen: Command, oldest: Snapshot
) -> None:
    mono = Repo(msgen.folder)
    mono.write("README.md", "many services\n")
    history.repository(msgen.folder)
    history.rendered(oldest, msgen.folder / "orders")

    ran = msgen(*QUICK, "orders")

    assert ran.code == 1
    assert "is committed, so nothing could be merged or undone" in ran.err


def test_a_folder_that_is_no_service_is_told(msgen: Command) -> None:
    ran = msgen(*QUICK)

    assert ran.code == 1
    assert "is no service of msgen" in ran.err


def test_a_new_version_is_not_forgotten_before_it_is_committed(
    service: Repo, msgen: Command
) -> None:
    msgen(*QUICK)
    before = service.state()

    ran = msgen(*QUICK)

    assert ran.code == 1
    assert "error: `msgen update` is not committed yet" in ran.err
    assert "`msgen update --abort`" in ran.err
    assert service.state().differing(before) == []


# --- Back, and on --------------------------------------------------------------------


def test_an_update_can_be_taken_back_to_the_byte(service: Repo, msgen: Command) -> None:
    _clash(service)
    service.write("notes.txt", "untracked\n")
    before = service.state()
    assert msgen(*QUICK).code == 1

    ran = msgen("update", "--abort")
    again = msgen("update", "--abort")

    assert ran.code == 0, ran.err
    assert "everything is as it was before" in ran.out
    assert service.state().differing(before) == []
    assert again.code == 1
    assert "there is nothing to take back" in again.err


def test_edits_since_then_are_saved_when_it_is_taken_back(
    service: Repo, msgen: Command
) -> None:
    before = service.state()
    msgen(*QUICK)
    service.append(CHANGED, "# since then")
    edited = service.text(CHANGED)

    ran = msgen("update", "--abort")

    assert ran.code == 0
    assert service.state().differing(before) == []
    [saved] = (service.folder / ".git/msgen").glob("saved-*")
    assert str(saved) in ran.out
    assert (saved / CHANGED).read_text() == edited


def test_a_conflict_is_gits_own(service: Repo, msgen: Command) -> None:
    _clash(service)

    ran = msgen(*QUICK)

    assert ran.code == 1
    assert "1 file needs you:" in ran.err
    assert f"  {CHANGED}\n" in ran.err
    assert "`msgen update --continue`" in ran.err
    assert [line for line in service.status if line.startswith("UU")] == [f"UU {CHANGED}"]
    assert "<<<<<<< yours\n" in service.text(CHANGED)


def test_going_on_waits_until_every_conflict_is_resolved(service: Repo, msgen: Command) -> None:
    _clash(service)
    msgen(*QUICK)

    with_marks = msgen("update", "--continue", "--no-install")
    service.write(CHANGED, MINE)
    not_added = msgen("update", "--continue", "--no-install")
    service.git("add", CHANGED)
    resolved = msgen("update", "--continue", "--no-install")

    assert with_marks.code == 1
    assert f"error: `{CHANGED}` still has conflict marks" in with_marks.err
    assert not_added.code == 1
    assert f"error: `{CHANGED}` is not resolved" in not_added.err
    assert f"`git add {CHANGED}`" in not_added.err
    assert resolved.code == 0, resolved.err
    assert "every conflict is resolved; commit" in resolved.out


def test_marks_that_were_added_are_seen(service: Repo, msgen: Command) -> None:
    _clash(service)
    msgen(*QUICK)
    service.git("add", CHANGED)

    ran = msgen("update", "--continue", "--no-install")

    assert ran.code == 1
    assert "still has conflict marks" in ran.err


def test_a_plain_commit_ends_it_too(service: Repo, msgen: Command) -> None:
    _clash(service)
    msgen(*QUICK)
    service.write(CHANGED, MINE)
    service.commit()

    going_on = msgen("update", "--continue", "--no-install")
    back = msgen("update", "--abort")
    again = msgen(*QUICK)

    assert going_on.code == 1
    assert "there is nothing to go on with" in going_on.err
    assert back.code == 1
    assert "there is nothing to take back" in back.err
    assert again.code == 0
    assert service.text(CHANGED) == MINE
    assert service.status == []


def test_back_and_on_exclude_each_other(service: Repo, msgen: Command) -> None:
    msgen(*QUICK)
    before = service.state()

    ran = msgen("update", "--abort", "--continue")

    assert ran.code == 2
    assert service.state().differing(before) == []


def test_the_lock_file_is_made_again_and_taken_back(
    born: Born, msgen: Command, tmp_path: Path
) -> None:
    """A service without dependencies, so that no package index is needed."""
    clone, service = _without_dependencies(born, tmp_path)
    service.write("uv.lock", 'version = 1\nrequires-python = ">=3.10"\n')
    service.commit()
    before = service.state()

    ran = msgen("update", "orders", "--json", env={**clone.env, "UV_OFFLINE": "1"})
    locked, clean = service.text("uv.lock"), service.git("diff", "--name-only")
    back = msgen("update", "--abort", "orders")

    assert ran.code == 0, ran.err
    assert [step["status"] for step in ran.json[0]["steps"] if step["name"] == "lock"] == [
        "done"
    ], ran.out
    assert 'name = "orders-service"' in locked
    assert clean == ""
    assert back.code == 0
    assert service.state().differing(before) == []


def test_a_lock_file_that_is_not_committed_is_nobodys_business(
    born: Born, msgen: Command, tmp_path: Path
) -> None:
    clone, service = _without_dependencies(born, tmp_path)
    service.append(".gitignore", "uv.lock")
    service.commit()

    ran = msgen("update", "orders", env={**clone.env, "UV_OFFLINE": "1"})
    back = msgen("update", "--abort", "orders")

    assert ran.code == 0, ran.err
    assert back.code == 0, back.err
    assert service.status == []
    assert service.has("uv.lock")


def test_a_failing_lock_is_told_and_takes_nothing_away(
    born: Born, msgen: Command, tmp_path: Path
) -> None:
    clone, service = _without_dependencies(born, tmp_path)
    service.replace(
        "pyproject.toml", "[project]", '[project]\ndependencies = ["nowhere-to-be"]'
    )
    service.commit()

    ran = msgen("update", "orders", env={**clone.env, "UV_OFFLINE": "1"})

    assert ran.code == 1
    assert "✗ lock" in ran.out
    assert "  uv lock\n  git add uv.lock\n" in ran.out
    assert "# from the template" in service.text("pyproject.toml")
    assert "everything is staged" in ran.out


def _without_dependencies(born: Born, tmp_path: Path) -> tuple[Clone, Repo]:
    clone = Clone.of_this_one(tmp_path / "msgen")
    about = (
        '[project]\nname = "orders-service"\nversion = "1.0.0"\nrequires-python = ">=3.11"\n'
    )
    clone.write("pyproject.toml", about)
    service = born(clone.snapshot())
    clone.append("pyproject.toml", "\n# from the template")
    return clone, service


# --- Repositories of all kinds -------------------------------------------------------


def test_in_a_repository_of_many_only_its_own_folder_changes(
    msgen: Command, oldest: Snapshot
) -> None:
    """Beside it lies the same service again, and something else is staged there."""
    mono = Repo(msgen.folder)
    for place in ("services/grün und blau", "services/other"):
        history.rendered(oldest, msgen.folder / place)
    mono.write("tools/build.sh", "true\n")
    history.repository(msgen.folder)
    service = Repo(msgen.folder / "services/grün und blau")
    service.prepend(SEALED, "# ours")
    _clash(service)
    mono.write("tools/build.sh", "false\n")
    mono.git("add", "tools")
    mono.append("services/other/README.md", "more")
    before = mono.state()

    ran = msgen(*QUICK, "services/grün und blau")
    changed, conflicts = mono.state(), list(service.unmerged)
    back = msgen("update", "--abort", "services/grün und blau")

    inside = "services/grün und blau/"
    assert ran.code == 1, ran.err
    assert conflicts == [inside + CHANGED]
    assert changed.files[inside + SEALED][1].startswith(b"# ours\n")
    assert _outside(changed, inside) == _outside(before, inside)
    assert back.code == 0, back.err
    assert mono.state().differing(before) == []


def _outside(state: history.State, folder: str) -> tuple[Any, ...]:
    files = {path: file for path, file in state.files.items() if not path.startswith(folder)}
    staged = [line for line in state.index.split("\0") if f"\t{folder}" not in line]
    return files, staged, state.head


def test_an_ignored_file_of_many_services_is_left(msgen: Command, oldest: Snapshot) -> None:
    """The folder's name is one that git quotes."""
    place = 'größe "eins"'
    history.rendered(oldest, msgen.folder / place)
    mono = Repo(msgen.folder)
    new = _first_new_file(mono.folder / place)
    mono.write(".gitignore", f"{new.rpartition('/')[2]}\n")
    history.repository(msgen.folder)
    mono.write(f"{place}/{new}", "mine\n")

    ran = msgen(*QUICK, place)

    assert ran.code == 0, ran.err
    assert mono.text(f"{place}/{new}") == "mine\n"


def _first_new_file(folder: Path) -> str:
    """A file that the template did not have when the service was made."""
    with_all = {file for file in _now() if not (folder / file).exists()}
    return min(with_all)


def _now() -> history.Files:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as scratch:
        return history.rendered(releases.current(), Path(scratch, "orders"))


def test_a_file_in_the_way_of_a_new_one_is_not_overwritten(
    service: Repo, msgen: Command
) -> None:
    new = _first_new_file(service.folder)
    service.write(new, "mine\n")
    before = service.state()

    ran = msgen(*QUICK)

    assert ran.code == 1
    assert f"error: `{new}` is not committed and is in the way of a new file" in ran.err
    assert service.state().differing(before) == []


def test_a_file_where_a_new_folder_goes_is_not_overwritten(
    born: Born, msgen: Command, tmp_path: Path
) -> None:
    clone = Clone.of_this_one(tmp_path / "msgen")
    service = born(clone.snapshot())
    clone.write("docs/guides/first.md", "first\n")
    service.write("docs/guides", "mine\n")
    before = service.state()

    ran = msgen(*QUICK, "orders", env=clone.env)
    again = msgen(*QUICK, "orders", env=clone.env)

    assert ran.code == 1
    assert "in the way of a new file" in ran.err
    assert again.err == ran.err
    assert service.state().differing(before) == []


def test_a_new_file_that_follows_a_moved_folder_overwrites_nothing(
    born: Born, msgen: Command, tmp_path: Path
) -> None:
    """Git moves new files along with a folder that the team renamed."""
    clone = Clone.of_this_one(tmp_path / "msgen")
    service = born(clone.snapshot())
    service.git("mv", "src/orders_service/chassis", "src/orders_service/core")
    service.commit()
    clone.write("src/orders_service/chassis/zebra.py", "first\n")
    service.write("src/orders_service/core/zebra.py", "mine\n")

    ran = msgen(*QUICK, "orders", env=clone.env)
    there = service.text("src/orders_service/core/zebra.py")
    (service.folder / "src/orders_service/core/zebra.py").unlink()
    free = msgen(*QUICK, "orders", env=clone.env)

    assert ran.code == 1
    assert "in the way of a new file" in ran.err
    assert there == "mine\n"
    assert free.code == 0, free.err
    assert service.text("src/orders_service/core/zebra.py") == "first\n"


def test_a_template_file_that_the_team_took_out_of_git_stays(
    service: Repo, msgen: Command
) -> None:
    service.git("rm", "--quiet", "--cached", ".env.example", CHANGED)
    service.append(".gitignore", f".env.example\n{CHANGED}")
    service.commit()
    service.write(CHANGED, MINE)

    ran = msgen(*QUICK)

    assert ran.code == 0, ran.err
    assert service.text(CHANGED) == MINE
    assert service.has(".env.example")
    assert service.git("ls-files", CHANGED, ".env.example") == ""


def test_a_second_work_tree_is_updated_by_itself(service: Repo, msgen: Command) -> None:
    service.git("worktree", "add", "--quiet", "-b", "other", "../other")
    other = Repo(service.folder.parent / "other")
    _clash(other)
    before, beside = other.state(), service.state()
    msgen.folder = other.folder

    ran = msgen(*QUICK)
    changed = other.status
    back = msgen("update", "--abort")

    assert ran.code == 1
    assert f"UU {CHANGED}" in changed
    assert service.state().differing(beside) == []
    assert back.code == 0, back.err
    assert other.state().differing(before) == []


def test_a_squashed_history_is_no_hindrance(service: Repo, msgen: Command) -> None:
    """The update is merged as one commit among others, and its branch is gone."""
    versions = [str(each.version) for each in releases.released()]
    service.git("switch", "--quiet", "--create", "update")
    msgen(*QUICK, "--to", versions[1])
    service.commit()
    service.git("switch", "--quiet", "main")
    service.prepend(SEALED, "# ours")
    service.commit()
    service.git("merge", "--quiet", "--squash", "update")
    service.commit()
    service.git("branch", "--quiet", "-D", "update")
    service.git("reflog", "expire", "--expire=now", "--all")
    service.git("gc", "--quiet", "--prune=now")

    ran = msgen(*QUICK)

    assert ran.code == 0, ran.err
    assert service.text(SEALED).startswith("# ours\n")


def test_a_shallow_clone_is_enough(service: Repo, msgen: Command) -> None:
    service.prepend(SEALED, "# ours")
    service.commit()
    url = service.folder.as_uri()
    service.git("clone", "--quiet", "--depth", "1", url, "../shallow")
    shallow = Repo(service.folder.parent / "shallow")
    msgen.folder = shallow.folder

    ran = msgen(*QUICK)

    assert ran.code == 0, ran.err
    assert shallow.text(SEALED).startswith("# ours\n")
    assert shallow.git("fsck", "--no-dangling") == ""


def test_a_repository_with_sha_256(msgen: Command, oldest: Snapshot) -> None:
    history.rendered(oldest, msgen.folder / "orders")
    service = history.repository(msgen.folder / "orders", "--object-format=sha256")
    service.prepend(SEALED, "# ours")
    _clash(service)
    before = service.state()

    ran = msgen(*QUICK, "orders")
    resolved = service.unmerged
    service.git("fsck", "--no-dangling")
    back = msgen("update", "--abort", "orders")

    assert ran.code == 1
    assert list(resolved) == [CHANGED]
    assert back.code == 0, back.err
    assert service.state().differing(before) == []


def test_line_ends_of_windows_are_kept(service: Repo, msgen: Command) -> None:
    """Committed as they are; the team has no `.gitattributes`."""
    service.write(".gitattributes", "")
    service.commit()
    for path, (kind, content) in contents(service.folder).items():
        if kind != "link" and path != ".copier-answers.yml":
            service.write(path, content.replace(b"\n", b"\r\n"))
    service.write(SEALED, b"# ours\r\n" + (service.folder / SEALED).read_bytes())
    service.commit()
    known = contents(service.folder)

    ran = msgen(*QUICK, "--json")

    assert ran.json[0]["conflicts"] == []
    after = contents(service.folder)
    assert after[SEALED][1].startswith(b"# ours\r\n")
    for path in known.keys() & after.keys() - {".gitattributes", ".copier-answers.yml"}:
        text = after[path][1]
        assert text.count(b"\r\n") == text.count(b"\n"), path
    assert after[CHANGED] != known[CHANGED]


def test_a_checkout_with_line_ends_of_windows(service: Repo, msgen: Command) -> None:
    """`core.autocrlf`: in the work tree only."""
    service.write(".gitattributes", "")
    service.commit()
    service.git("config", "core.autocrlf", "true")
    service.git("rm", "--quiet", "--cached", "-r", ".")
    service.git("reset", "--quiet", "--hard")
    assert b"\r\n" in (service.folder / SEALED).read_bytes()
    before = service.state()

    ran = msgen(*QUICK, "--json")
    status = service.git("status", "--porcelain", "--untracked-files=no")
    back = msgen("update", "--abort")

    assert ran.code == 0, ran.err
    assert ran.json[0]["conflicts"] == []
    assert [line for line in status.splitlines() if line[1] != " "] == []
    assert back.code == 0, back.err
    assert ".git/msgen/saved" not in back.out
    assert service.state().differing(before) == []


def test_attributes_of_the_team_hold_for_what_comes(service: Repo, msgen: Command) -> None:
    service.write(".gitattributes", "*.py text eol=crlf\n")
    service.commit()
    service.git("rm", "--quiet", "--cached", "-r", ".")
    service.git("reset", "--quiet", "--hard")

    ran = msgen(*QUICK)

    assert ran.code == 0, ran.err
    assert b"\r\n" in (service.folder / CHANGED).read_bytes()
    assert service.git("diff", "--name-only") == ""


def test_bytes_links_modes_and_names_of_all_kinds_survive(
    service: Repo, msgen: Command
) -> None:
    hostile = {
        "docs/with space.md": b"x\n",
        'docs/with "quotes" and \\.md': b"x\n",
        "docs/größe ☕.md": b"x\n",
        "docs/two\nlines.md": b"x\n",
        "docs/-n": b"x\n",
        "docs/:(glob)*": b"x\n",
        "docs/picture.bin": bytes(range(256)) * 40,
        os.fsdecode(b"docs/latin-\xe9.md"): b"x\n",
    }
    for path, content in hostile.items():
        service.write(path, content)
    (service.folder / "docs/link").symlink_to("../README.md")
    (service.folder / SEALED).chmod(0o755)
    service.write("src/orders_service/chassis/blob.bin", bytes(range(256)))
    service.commit()
    before = service.state()

    ran = msgen(*QUICK)
    after = contents(service.folder)
    back = msgen("update", "--abort")

    assert ran.code == 0, ran.err
    for path, content in hostile.items():
        assert after[path] == ("file", content)
    assert after["docs/link"] == ("link", b"../README.md")
    assert after[SEALED][0] == "program"
    assert back.code == 0, back.err
    assert service.state().differing(before) == []


def test_a_sealed_file_that_became_a_link_is_a_conflict(service: Repo, msgen: Command) -> None:
    (service.folder / CHANGED).unlink()
    (service.folder / CHANGED).symlink_to("web.py")
    service.commit()
    before = service.state()

    ran = msgen(*QUICK)
    conflicts = service.unmerged
    back = msgen("update", "--abort")

    assert ran.code == 1, ran.out
    assert [stages[2] for stages in conflicts.values() if 2 in stages] == [b"web.py"]
    assert back.code == 0, back.err
    assert service.state().differing(before) == []


def test_a_sealed_file_that_became_bytes_is_a_conflict(service: Repo, msgen: Command) -> None:
    service.write(CHANGED, bytes(range(256)))
    service.commit()

    ran = msgen(*QUICK)

    assert ran.code == 1
    assert service.unmerged[CHANGED].keys() == {1, 2, 3}
    assert (service.folder / CHANGED).read_bytes() == bytes(range(256))


def test_a_folder_where_the_template_has_a_file_loses_nothing(
    service: Repo, msgen: Command
) -> None:
    (service.folder / CHANGED).unlink()
    service.write(f"{CHANGED}/inner.py", "mine\n")
    service.commit()
    before = service.state()

    ran = msgen(*QUICK)
    kept = service.text(f"{CHANGED}/inner.py")
    back = msgen("update", "--abort")

    assert ran.code in {0, 1}
    assert "Traceback" not in ran.err
    assert kept == "mine\n"
    assert back.code == 0, back.err
    assert service.state().differing(before) == []


def test_a_package_that_the_team_renamed_still_gets_updates(
    service: Repo, msgen: Command
) -> None:
    service.git("mv", "src/orders_service", "src/ordering")
    edited = []
    for path in service.git("ls-files", "-z", "src", "tests", "pyproject.toml").split("\0"):
        if path and b"orders_service" in (service.folder / path).read_bytes():
            text = service.text(path).replace("orders_service", "ordering")
            service.write(path, text)
            edited.append(path)
    service.commit()

    ran = msgen(*QUICK, "--json")

    assert set(ran.json[0]["conflicts"]) <= set(edited)
    assert not service.has("src/orders_service")
    new = _now()
    renamed = "src/ordering/chassis/"
    for path in service.git("ls-files", renamed).splitlines():
        assert service.text(path) == new[path.replace("ordering", "orders_service")][1].decode()
    service.commit()
    assert msgen(*QUICK).code == 0
    assert service.status == []


@pytest.mark.parametrize("clash", [False, True])
def test_a_file_that_was_renamed_inside_of_a_folder_that_the_team_moved(
    born: Born, msgen: Command, tmp_path: Path, *, clash: bool
) -> None:
    clone = Clone.of_this_one(tmp_path / "msgen")
    lines = [f"LINE_{number} = {number}\n" for number in range(30)]
    clone.write("src/orders_service/chassis/old.py", "".join(lines))
    service = born(clone.snapshot())
    clone.rename("src/orders_service/chassis/old.py", "src/orders_service/chassis/new.py")
    clone.replace("src/orders_service/chassis/new.py", "LINE_20 = 20", "LINE_20 = 'template'")
    service.git("mv", "src/orders_service/chassis", "src/orders_service/core")
    mine = "LINE_20 = 20" if clash else "LINE_3 = 3"
    service.replace("src/orders_service/core/old.py", mine, "LINE = 'team'")
    service.commit()

    ran = msgen(*QUICK, "orders", "--json", env=clone.env)

    [said] = ran.json
    new = "src/orders_service/core/new.py"
    assert ran.code == int(clash), ran.err
    assert said["conflicts"] == ([new] if clash else [])
    assert "LINE = 'team'" in service.text(new)
    assert "LINE_20 = 'template'" in service.text(new)
    assert not service.has("src/orders_service/core/old.py")
    assert not service.has("src/orders_service/chassis")
    assert {path: stages.keys() for path, stages in service.unmerged.items()} == (
        {new: {1, 2, 3}} if clash else {}
    )
    if clash:
        service.git("add", "--all")
        again = msgen("update", "--continue", "--no-install", "orders", env=clone.env)
        assert "still has conflict marks" in again.err


def test_a_submodule_inside_stays_as_it_is(service: Repo, msgen: Command) -> None:
    library = Repo(service.folder.parent / "library")
    library.write("x.txt", "x\n")
    history.repository(library.folder)
    service.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add",
                str(library.folder), "vendor/library")  # fmt: skip
    service.commit()

    ran = msgen(*QUICK)

    assert ran.code == 0, ran.err
    assert service.text("vendor/library/x.txt") == "x\n"
    assert [line for line in service.status if "vendor" in line] == []


def test_a_sparse_checkout_gets_its_part(service: Repo, msgen: Command) -> None:
    service.git("sparse-checkout", "set", "src")
    before = service.state()

    ran = msgen(*QUICK)
    status, there = service.git("diff", "--name-only"), service.has("tests")
    back = msgen("update", "--abort")

    assert ran.code == 0, ran.err
    assert status == ""
    assert not there
    assert back.code == 0, back.err
    assert service.state().differing(before) == []


def test_in_the_middle_of_another_merge_nothing_happens(
    msgen: Command, oldest: Snapshot
) -> None:
    """The conflict is elsewhere in the repository."""
    mono = Repo(msgen.folder)
    history.rendered(oldest, msgen.folder / "orders")
    mono.write("other.txt", "base\n")
    history.repository(msgen.folder)
    mono.git("switch", "--quiet", "--create", "side")
    mono.write("other.txt", "side\n")
    mono.commit()
    mono.git("switch", "--quiet", "main")
    mono.write("other.txt", "main\n")
    mono.commit()
    mono.git("merge", "side", ok=False)
    before = mono.state()

    ran = msgen(*QUICK, "orders")

    assert ran.code == 1
    assert "error: nothing was changed: " in ran.err
    assert mono.state().differing(before) == []


# --- Surroundings that could disturb -------------------------------------------------


def test_inside_of_a_hook_the_right_repository_is_found(
    born: Born, msgen: Command, oldest: Snapshot
) -> None:
    service, other = born(oldest, "orders"), born(oldest, "other")
    before = other.state()
    pointing = {
        "GIT_DIR": str(other.folder / ".git"),
        "GIT_WORK_TREE": str(other.folder),
        "GIT_INDEX_FILE": str(other.folder / ".git/index"),
        "GIT_PREFIX": "src/",
    }

    ran = msgen(*QUICK, "orders", env=pointing)

    assert ran.code == 0, ran.err
    assert service.status
    assert other.state().differing(before) == []


DISTURBING = """
[merge]
    conflictStyle = zdiff3
    renames = false
    directoryRenames = false
    renameLimit = 1
    renormalize = true
[core]
    hooksPath = {hooks}
    fsmonitor = {hooks}/fsmonitor
    quotePath = true
    untrackedCache = true
    safecrlf = true
    ignoreCase = false
[commit]
    gpgSign = true
[gpg]
    program = false
[diff]
    noprefix = true
    renames = copies
    external = false
    relative = true
    orderFile = /dev/null
[status]
    showUntrackedFiles = no
    short = true
    relativePaths = false
    renames = false
[color]
    ui = always
[advice]
    detachedHead = false
[index]
    version = 4
[core]
    splitIndex = true
[feature]
    manyFiles = true
[submodule]
    recurse = true
[user]
    useConfigOnly = true
[safe]
    bareRepository = explicit
[init]
    defaultObjectFormat = sha256
"""


def test_a_configuration_of_the_users_makes_no_difference(
    born: Born, msgen: Command, oldest: Snapshot, tmp_path: Path
) -> None:
    plain, odd = born(oldest, "plain"), born(oldest, "odd")
    for service in (plain, odd):
        service.prepend(SEALED, "# ours")
        _clash(service)
    expected = msgen(*QUICK, "plain", "--json")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "post-index-change", "reference-transaction", "fsmonitor"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {tmp_path}/hook-ran\nexit 1\n")
        (hooks / hook).chmod(0o755)
    Path(msgen.env["HOME"], ".gitconfig").write_text(DISTURBING.format(hooks=hooks))
    before = odd.state()

    ran = msgen(*QUICK, "odd", "--json")

    assert ran.out, ran.err
    assert ran.code == 1
    assert [each["verdict"] for each in ran.json[0]["files"]] == [
        each["verdict"] for each in expected.json[0]["files"]
    ]
    assert not (tmp_path / "hook-ran").exists()
    assert {path: stages.keys() for path, stages in odd.unmerged.items()} == {
        CHANGED: {1, 2, 3}
    }
    assert "||||||| " in odd.text(CHANGED)
    still = msgen("update", "--continue", "--no-install", "odd")
    assert "still has conflict marks" in still.err
    back = msgen("update", "--abort", "odd")
    assert back.code == 0, back.err
    assert odd.state().differing(before) == []


def test_a_template_of_another_machine_is_told(service: Repo, msgen: Command) -> None:
    lines = service.text(".copier-answers.yml").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("_template_sha256")]
    service.write(".copier-answers.yml", f"{''.join(kept)}_template_sha256: {'f' * 64}\n")
    service.commit()

    ran = msgen(*QUICK)

    assert ran.code == 1
    assert "has another content than the release" in ran.err
    assert "`msgen recover`" in ran.err


def test_a_newer_template_is_told(service: Repo, msgen: Command) -> None:
    service.replace(".copier-answers.yml", "_commit: v0.1.0", "_commit: v99.0.0")
    text = service.text(".copier-answers.yml")
    service.write(
        ".copier-answers.yml", text.replace(releases.released()[0].checksum, "1" * 64)
    )
    service.commit()

    ran = msgen(*QUICK)

    assert ran.code == 1
    assert "was made by a newer msgen, with the template 99.0.0" in ran.err


def test_no_object_is_left_that_git_does_not_understand(service: Repo, msgen: Command) -> None:
    _clash(service)
    msgen(*QUICK)

    checked = subprocess.run(
        ["git", "fsck", "--full", "--no-dangling"],
        cwd=service.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert checked.returncode == 0
    assert checked.stderr + checked.stdout == ""
    names = sorted(path.name for path in (service.folder / ".git/msgen").iterdir())
    assert [name.partition("-")[0] for name in names] == ["lock", "update"]
