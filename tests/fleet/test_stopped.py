"""Fleets that are killed, stopped, or lose a worker."""

import signal
import time
from pathlib import Path
from subprocess import Popen

import pytest
from front_door import Command, Terminal

from tests.support.history import Repo

from .fleets import BRANCH, below, branches, kill, outlived, row, states


def slow(repo: Repo) -> None:
    repo.write("slow", "")
    repo.commit()


def stuck(msgen: Command, started: Path) -> Popen[str]:
    """A fleet that has come to a slow service, and waits there."""
    wait = f"sh -c 'test ! -e slow || (touch {started}; exec sleep 300)'"
    running = msgen.start("fleet", "update", "--jobs", "1", "--verify", wait)
    end = time.monotonic() + 120
    while not started.exists():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)
    return running


def test_killed_in_the_middle_it_goes_on_where_it_was(
    msgen: Command, three: dict[str, Repo], tmp_path: Path
) -> None:
    slow(three["b"])
    running = stuck(msgen, tmp_path / "started")

    kill([running.pid, *below(running.pid)])
    running.communicate()
    assert list((three["b"].folder / ".git/msgen").glob("msgen-*"))
    ran = msgen("fleet", "update", "--json", "--verify", "true")

    assert states(ran) == {"a": "waiting", "b": "updated", "c": "updated"}
    assert not list((three["b"].folder / ".git/msgen").glob("msgen-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_it_tidies_up(
    msgen: Command, three: dict[str, Repo], tmp_path: Path, number: signal.Signals
) -> None:
    slow(three["b"])
    running = stuck(msgen, tmp_path / "started")
    workers = below(running.pid)

    running.send_signal(number)
    _, err = running.communicate(timeout=60)

    assert running.returncode == 130
    assert "stopped after 1 of 3 services; what is done stays" in err
    assert branches(three["a"]) == [BRANCH]
    assert branches(three["b"]) == branches(three["c"]) == []
    assert len(three["b"].git("worktree", "list").splitlines()) == 1
    assert not list((three["b"].folder / ".git/msgen").glob("msgen-*"))
    assert not outlived(workers)


def test_worker_that_dies_costs_one_service(msgen: Command, three: dict[str, Repo]) -> None:
    three["b"].write("deadly", "")
    three["b"].commit()
    deadly = "sh -c 'test ! -e deadly || kill -9 $PPID'"

    ran = msgen("fleet", "update", "--json", "--jobs", "1", "--verify", deadly)

    assert states(ran) == {"a": "updated", "b": "failed", "c": "updated"}
    assert "worker process ended in the middle (signal 9)" in row(ran, "b")["detail"]


def test_on_a_terminal_it_asks_once_and_shows_how_it_goes(
    msgen: Command, three: dict[str, Repo]
) -> None:
    screen = Terminal(msgen, ("fleet", "update"), (40, 110))

    screen.sees("for 3 services?")
    screen.types("y")
    assert screen.ends() == 0
    assert "3 services: 3 updated" in screen.text
    assert branches(three["c"]) == [BRANCH]


def test_on_a_terminal_no_means_no(msgen: Command, three: dict[str, Repo]) -> None:
    screen = Terminal(msgen, ("fleet", "update"), (40, 110))

    screen.sees("for 3 services?")
    screen.types("n")
    assert screen.ends() == 1
    assert branches(three["a"]) == []
