"""Full disks, kills and damage: the service is as before or as after, never in between.

A `git` that stands first on the `PATH` counts its calls and strikes at one of them, which
gives every moment of an update in turn.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from front_door import MSGEN, Command, Ran
from msgen import archive, releases
from msgen.releases import Snapshot

from tests.support import disks, history
from tests.support.history import Clone, Repo, State

QUICK = ("update", "--no-install")
CALLS = 20
"""More than an update makes, so that the last ones strike nothing."""
CHASSIS = "src/orders_service/chassis"
CLASH, EDITED, DROPPED = (f"{CHASSIS}/{name}.py" for name in ("limits", "web", "dropped"))
PROJECT = """\
[project]
name = "orders-service"
version = "1.0.0"
requires-python = ">=3.11"

[tool.ruff]
line-length = 96
"""
GIT = """#!/bin/sh
echo "$*" >>"$STRIKE/calls"
if [ "$(wc -l <"$STRIKE/calls")" -eq "$STRIKE_AT" ]; then
    case $STRIKE_HOW in
        before) kill -9 $PPID; exit 1 ;;
        orphan) kill -9 $PPID; while [ ! -e "$STRIKE/go" ]; do sleep 0.05; done ;;
        fail) echo 'fatal: struck' >&2; exit 128 ;;
        stop) kill -TERM $PPID; sleep 0.2 ;;
        after) {git} "$@"; kill -9 $PPID; exit 1 ;;
    esac
fi
exec {git} "$@"
"""


class Striking:
    """A service that is to be updated with a git that strikes."""

    def __init__(self, service: Repo, msgen: Command, folder: Path) -> None:
        self.service, self.msgen, self._folder = service, msgen, folder
        self.before = service.state()
        git = shutil.which("git")
        (folder / "git").write_text(GIT.replace("{git}", str(git)))
        (folder / "git").chmod(0o755)
        (folder / "calls").touch()

    def run(self, how: str, at: int, *words: str) -> Ran:
        (self._folder / "calls").write_text("")
        strike = {
            "PATH": f"{self._folder}{os.pathsep}{self.msgen.env['PATH']}",
            "STRIKE": str(self._folder),
            "STRIKE_HOW": how,
            "STRIKE_AT": str(at),
        }
        return self.msgen(*(words or QUICK), env=strike)

    @property
    def calls(self) -> list[str]:
        return (self._folder / "calls").read_text().splitlines()

    def let_go(self) -> None:
        """Let an orphaned git go on."""
        (self._folder / "go").touch()

    def next_command(self) -> Ran:
        """Whatever comes next; this one needs no rendering."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            ran = self.msgen("update", "--continue", "--no-install")
            if "another msgen is at work" not in ran.err:
                break
        return ran


@dataclass(frozen=True)
class Prepared:
    """A service with edits of which one clashes, and the template that it is updated to."""

    service: Repo
    clone: Clone
    updated: Repo
    """The same, after the update."""
    calls: list[str]
    """What it asked git for."""

    def call(self, words: str) -> int:
        """At which call it asks for this."""
        [found] = [at for at, line in enumerate(self.calls, start=1) if words in line]
        return found


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """With a small template, because a fault has to happen often."""
    place = tmp_path_factory.mktemp("prepared")
    (place / "home").mkdir()
    clone = Clone.of_this_one(place / "msgen").strip(
        "alembic.ini", "pyproject.toml", CLASH, EDITED
    )
    clone.write(DROPPED, "".join(f"LINE_{number} = {number}\n" for number in range(30)))
    clone.write("pyproject.toml", PROJECT)
    service = history.born(clone.snapshot(), place / "orders")
    clone.append("pyproject.toml", "# the template's")
    clone.append(CLASH, "# the template's")
    clone.append(EDITED, "# the template's")
    clone.rename(DROPPED, DROPPED.replace("dropped", "renamed"))
    clone.write("docs/new.md", "new\n")
    service.write(CLASH, "the team's own text\n")
    service.prepend(EDITED, "# ours")
    service.commit()
    updated = service.copy(place / "updated")
    command = Command(updated.folder, place / "home")
    command.env |= clone.env
    (place / "bin").mkdir()
    striking = Striking(updated, command, place / "bin")
    assert striking.run("never", 0).code == 1
    calls = striking.calls
    return Prepared(service, clone, updated, calls)


@pytest.fixture
def striking(prepared: Prepared, msgen: Command, tmp_path: Path) -> Striking:
    msgen.folder /= "orders"
    msgen.env |= prepared.clone.env
    (tmp_path / "bin").mkdir()
    return Striking(prepared.service.copy(msgen.folder), msgen, tmp_path / "bin")


@pytest.fixture(scope="module")
def after(prepared: Prepared) -> State:
    """The state to which the update leads when nothing strikes."""
    return prepared.updated.state()


# --- Every moment in turn ------------------------------------------------------------


def test_every_moment_is_tried(prepared: Prepared) -> None:
    assert 10 < len(prepared.calls) < CALLS


@pytest.mark.parametrize("at", range(1, CALLS + 1))
@pytest.mark.parametrize("how", ["before", "after"])
def test_killed_at_any_moment_it_is_as_before_or_as_after(
    striking: Striking, after: State, how: str, at: int
) -> None:
    ran = striking.run(how, at)
    killed = ran.code == -signal.SIGKILL
    striking.next_command()

    expected = (striking.before, after) if killed else (after,)
    assert killed == (len(striking.calls) >= at)
    assert _nearest(striking.service.state(), expected) == []
    assert _leftovers(striking.service) <= {"lock"}


def test_an_orphaned_git_that_writes_files_is_waited_for(
    striking: Striking, prepared: Prepared, after: State
) -> None:
    """Only msgen itself was killed; the git that it had started goes on."""
    killed = striking.run("orphan", prepared.call("read-tree -m -u HEAD"))
    meanwhile = striking.msgen("update", "--continue", "--no-install")
    striking.let_go()
    striking.next_command()

    assert killed.code == -signal.SIGKILL
    assert "another msgen is at work" in meanwhile.err
    assert _nearest(striking.service.state(), (striking.before, after)) == []


@pytest.mark.parametrize("words", ["merge-tree", "--index-info"])
def test_another_orphaned_git_disturbs_nothing(
    striking: Striking, prepared: Prepared, after: State, words: str
) -> None:
    striking.run("orphan", prepared.call(words))
    told = striking.next_command()
    striking.let_go()
    time.sleep(0.3)

    assert "another msgen" not in told.err
    assert _nearest(striking.service.state(), (striking.before, after)) == []


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_a_failing_git_changes_nothing(striking: Striking, after: State, at: int) -> None:
    ran = striking.run("fail", at)

    if len(striking.calls) < at:
        assert striking.service.state().differing(after) == []
        return
    assert ran.code == 1
    assert "error: " in ran.err
    assert "Traceback" not in ran.err
    assert striking.service.state().differing(striking.before) == []
    assert _leftovers(striking.service) <= {"lock"}


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_stopped_at_any_moment_nothing_is_half_done(
    striking: Striking, after: State, at: int
) -> None:
    ran = striking.run("stop", at)
    state = striking.service.state()

    assert _nearest(state, (striking.before, after)) == []
    if ran.code == 128 + signal.SIGTERM:
        said_nothing = "stopped; nothing was written" in ran.err
        assert said_nothing == (state == striking.before), ran.err


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("words", ["read-tree -m -u HEAD", "--index-info"])
def test_an_edit_between_the_kill_and_the_next_command_is_saved(
    striking: Striking, prepared: Prepared, how: str, words: str
) -> None:
    striking.run(how, prepared.call(words))
    service = striking.service
    service.append(EDITED, "# since the kill")
    edited = service.text(EDITED)

    told = striking.next_command()

    [saved] = service.folder.glob(f".git/msgen/saved-*/{EDITED}")
    assert saved.read_text() == edited
    assert "everything is as it was before; what you changed meanwhile is in `" in told.err
    assert service.state().differing(striking.before) == []


def test_what_was_committed_after_a_kill_stays(striking: Striking, prepared: Prepared) -> None:
    striking.run("after", prepared.call("read-tree -m -u HEAD"))
    (striking.service.folder / ".git/index.lock").unlink()
    striking.service.commit()
    committed = striking.service.state()

    told = striking.next_command()

    assert "something was committed since; it was left as it is" in told.err
    assert striking.service.state().differing(committed) == []


@pytest.mark.parametrize("at", range(1, 10))
@pytest.mark.parametrize("how", ["before", "after"])
def test_taking_it_back_may_be_killed_too(
    striking: Striking, prepared: Prepared, after: State, how: str, at: int
) -> None:
    shutil.rmtree(striking.service.folder)
    service = prepared.updated.copy(striking.service.folder)

    ran = striking.run(how, at, "update", "--abort")
    striking.next_command()

    assert (ran.code == -signal.SIGKILL) == (len(striking.calls) >= at)
    assert _nearest(service.state(), (striking.before, after)) == []
    assert _leftovers(service) <= {"lock"}


def _nearest(state: State, allowed: tuple[State, ...]) -> list[str]:
    """What differs from the state that is nearest."""
    return min((state.differing(each) for each in allowed), key=len)


def _leftovers(service: Repo) -> set[str]:
    place = service.folder / ".git/msgen"
    found = {path.name for path in place.iterdir()} if place.is_dir() else set()
    found -= {path.name for path in place.glob("update-*.json")}
    return found | {path.name for path in (service.folder / ".git").glob("*.lock")}


# --- Any moment ----------------------------------------------------------------------


@pytest.mark.parametrize("part", range(5))
def test_killed_at_random_moments_with_everything_it_started(
    striking: Striking, after: State, part: int
) -> None:
    """Ten kills each, spread over the time that an update takes here."""
    chance = random.Random(part)
    took = _time_of(striking)
    service, kills = striking.service, 0
    for number in range(10):
        delay = took * (number + chance.random()) / 10
        kills += _killed_after(striking.msgen, delay)
        striking.next_command()
        state = service.state()
        assert _nearest(state, (striking.before, after)) == [], f"killed after {delay} s"
        if state != striking.before:
            assert striking.msgen("update", "--abort").code == 0
            assert service.state().differing(striking.before) == []
    assert kills >= 2  # how many hit depends on the load of the machine


def _time_of(striking: Striking) -> float:
    start = time.monotonic()
    striking.msgen(*QUICK)
    took = time.monotonic() - start
    striking.msgen("update", "--abort")
    return took


def _killed_after(msgen: Command, seconds: float) -> bool:
    running = subprocess.Popen(
        [MSGEN, *QUICK],
        cwd=msgen.folder,
        env=msgen.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        running.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
    return running.wait() == -signal.SIGKILL


# --- Two at once ---------------------------------------------------------------------


def test_stopped_while_the_lock_file_is_made_it_says_what_is_written(
    striking: Striking,
) -> None:
    """The package index never answers."""
    service = striking.service
    service.write(CLASH, service.git("show", f"HEAD~:{CLASH}"))
    service.replace("pyproject.toml", "[project]", '[project]\ndependencies = ["nowhere"]')
    service.commit()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/simple/"
        striking.msgen.env |= {"UV_INDEX_URL": url, "UV_NO_CACHE": "1"}
        running = striking.msgen.start("update")
        silent.accept()
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=60)[1]

    assert "is whole and staged" in said
    assert service.status


def test_two_at_once_do_not_meet(striking: Striking, after: State) -> None:
    both = [striking.msgen.start(*QUICK) for _ in range(2)]
    said = [running.communicate(timeout=120)[1] for running in both]

    assert striking.service.state().differing(after) == []
    refused = [text for text in said if "needs you" not in text]
    assert len(refused) == 1
    assert "another msgen is at work" in refused[0] or "is not committed yet" in refused[0]


def test_somebody_elses_lock_on_the_index_is_respected(striking: Striking) -> None:
    lock = striking.service.folder / ".git/index.lock"
    lock.write_text("")

    ran = striking.msgen(*QUICK)

    assert ran.code == 1
    assert f"error: `{lock}` is there: another git works here, or was killed" in ran.err
    assert lock.exists()
    assert striking.service.state().differing(striking.before) == []
    lock.unlink()
    assert striking.msgen(*QUICK, "--json").json[0]["status"] == "conflict"


# --- No room, no right ---------------------------------------------------------------


@pytest.fixture
def disk(striking: Striking, tmp_path: Path) -> Iterator[Striking]:
    """The service on a small file system of its own."""
    with disks.mounted(tmp_path / "disk", "3m") as place:
        striking.service = striking.service.copy(place / "orders")
        striking.msgen.folder = striking.service.folder
        yield striking


def _fill(place: Path, *, leaving: int) -> Path:
    """Fill a file system but for some kilobytes."""
    filling = place / "filling"
    about = os.statvfs(place)
    with filling.open("wb") as opened:
        opened.write(bytes(max(0, about.f_bavail * about.f_frsize - leaving * 1024)))
    return filling


@pytest.mark.parametrize("leaving", [0, 8, 24, 48, 80, 120, 160, 200, 260, 320])
def test_a_full_disk_changes_nothing(disk: Striking, after: State, leaving: int) -> None:
    filling = _fill(disk.service.folder.parent, leaving=leaving)

    ran = disk.msgen(*QUICK)
    filling.unlink()
    state = disk.service.state()

    assert "Traceback" not in ran.err
    assert ran.code == 1
    if "needs you" in ran.err:
        assert state.differing(after) == []
    else:
        assert "no space " in ran.err.lower()
        assert state.differing(disk.before) == []
        assert disk.msgen(*QUICK, "--json").json[0]["status"] == "conflict"


def test_a_full_disk_for_what_is_rendered_changes_nothing(
    service: Repo, msgen: Command, small_disk: Path
) -> None:
    before = service.state()

    ran = msgen(*QUICK, env={"TMPDIR": str(small_disk)})

    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert "no space " in ran.err.lower()
    assert service.state().differing(before) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that is too small for a template."""
    with disks.mounted(tmp_path / "small", "64k") as place:
        yield place


def test_a_repository_that_cannot_be_written_is_told(disk: Striking) -> None:
    disks.make_read_only(disk.service.folder.parent)

    ran = disk.msgen(*QUICK)

    assert ran.code == 1
    assert ran.err.splitlines()[-1].startswith(("error: ", "hint: "))
    assert "Traceback" not in ran.err
    assert "ead-only file system" in ran.err
    assert disk.service.state().differing(disk.before) == []


# --- The cache of templates ----------------------------------------------------------


@pytest.fixture
def cache(msgen: Command, service: Repo, tmp_path: Path, oldest: Snapshot) -> Path:
    """A cache of this test's own, with the template that the service was made from."""
    place = tmp_path / "cache"
    msgen.env["MSGEN_CACHE"] = str(place)
    assert msgen("update", "--dry-run", str(service.folder)).code == 0
    return place / "templates" / oldest.checksum


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("damage", ["a byte", "a file", "the identity", "everything", "more"])
def test_a_damaged_cache_is_filled_again(msgen: Command, cache: Path, damage: str) -> None:
    file = cache / "template/service/alembic.ini.jinja"
    if damage == "a byte":
        file.write_bytes(b"?" + file.read_bytes()[1:])
    elif damage == "a file":
        file.unlink()
    elif damage == "the identity":
        (cache / archive.IDENTITY).write_text("0" * 64)
    elif damage == "everything":
        shutil.rmtree(cache)
        cache.write_text("a file where a folder was")
    else:
        (cache / "template/service/more.txt").write_text("not released")

    ran = msgen(*QUICK, "--json")

    assert ran.code == 0, ran.err
    assert ran.json[0]["status"] == "done"
    verdicts = {each["path"]: each["verdict"] for each in ran.json[0]["files"]}
    assert "kept" not in verdicts.values()
    assert "more.txt" not in verdicts
    assert archive.checksum(cache) == cache.name


def test_a_cache_that_cannot_be_written_is_done_without(
    service: Repo, msgen: Command, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")

    ran = msgen(*QUICK, env={"MSGEN_CACHE": str(tmp_path / "file/cache")})

    assert ran.code == 0, ran.err
    assert service.status


def test_a_cache_on_a_full_disk_is_told(
    service: Repo, msgen: Command, small_disk: Path
) -> None:
    before = service.state()

    ran = msgen(*QUICK, env={"MSGEN_CACHE": str(small_disk)})

    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert "no space " in ran.err.lower()
    assert service.state().differing(before) == []


@pytest.mark.parametrize("damage", ["truncated", "a byte", "absent", "nonsense"])
def test_a_damaged_archive_is_told(
    service: Repo, msgen: Command, tmp_path: Path, damage: str
) -> None:
    clone = Clone.of_this_one(tmp_path / "msgen")
    file = clone.root / "releases/0.1.0.tar.xz"
    content, middle = file.read_bytes(), file.stat().st_size // 2
    if damage == "truncated":
        file.write_bytes(content[:middle])
    elif damage == "a byte":
        file.write_bytes(
            content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        )
    elif damage == "absent":
        file.unlink()
    else:
        file.write_bytes(b"nonsense")
    before = service.state()

    ran = msgen(*QUICK, env={**clone.env, "MSGEN_CACHE": str(tmp_path / "own")})

    assert ran.code == 1
    assert "error: " in ran.err
    assert "0.1.0.tar.xz" in ran.err
    assert "Traceback" not in ran.err
    assert "MSGEN_DEBUG" not in ran.err
    assert service.state().differing(before) == []
    assert not (tmp_path / "own/templates" / releases.released()[0].checksum).exists()
