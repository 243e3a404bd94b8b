"""`msgen fleet status` and `msgen fleet check`."""

import json

from front_door import Command
from msgen import releases

from tests.support.history import Clone

from .conftest import Born
from .fleets import BRANCH, row, states

BEHIND = len(releases.newer_than("0.1.0"))


def test_status_says_how_far_each_is(msgen: Command, service: Born) -> None:
    service("old")
    service("new", releases.current())

    ran = msgen("fleet", "status", "--json")

    assert row(ran, "old") == {
        "name": "orders",
        "path": str(msgen.folder / "old"),
        "status": "behind",
        "version": "0.1.0",
        "detail": None,
        "hint": None,
        "newest": str(releases.released()[-1].version),
        "behind": BEHIND,
        "security": False,
        "clean": True,
        "branch": None,
    }
    assert (row(ran, "new")["status"], row(ran, "new")["behind"]) == ("current", 0)
    assert ran.code == 0


def test_status_names_a_security_release(msgen: Command, service: Born, news: Clone) -> None:
    service("orders")
    index = news.root / "releases/index.json"
    before = index.read_text()
    known = json.loads(before)
    newest = list(known)[-1]
    index.write_text(json.dumps({**known, newest: {**known[newest], "security": True}}))

    try:
        ran = msgen("fleet", "status")
    finally:
        index.write_text(before)

    assert f"{BEHIND} release" in ran.out
    assert "behind, security" in ran.out


def test_status_sees_the_work_tree_and_the_waiting_branch(
    msgen: Command, service: Born
) -> None:
    repo = service("orders")
    repo.append("README.md", "more")
    repo.git("branch", BRANCH)
    repo.git("commit", "--allow-empty", "--quiet", "--message", "One more on main")

    merged = row(msgen("fleet", "status", "--json"), "orders")
    tip = repo.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "An update").strip()
    repo.git("branch", "--force", BRANCH, tip)
    waiting = row(msgen("fleet", "status", "--json"), "orders")

    assert merged["clean"] is False
    assert merged["branch"] is None
    assert waiting["branch"] == BRANCH


def test_status_reads_like_a_table(msgen: Command, service: Born) -> None:
    service("teams/one")
    service("two", releases.current(), name="billing")

    ran = msgen("fleet", "status")

    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[0][:4] == ["!", "orders", "teams/one", "0.1.0"]
    assert lines[1][:3] == ["✓", "billing", "two"]
    assert ran.out.splitlines()[-1] == "2 services: 1 behind, 1 current"


def test_check_finds_what_is_behind_and_what_was_edited(msgen: Command, service: Born) -> None:
    service("old")
    service("as-made", releases.current())
    edited = service("edited", releases.current())
    edited.append("src/orders_service/chassis/health.py", "# ours")

    ran = msgen("fleet", "check", "--json")

    assert states(ran) == {"old": "drifted", "as-made": "fine", "edited": "drifted"}
    assert row(ran, "edited")["files"] == [
        {"path": "src/orders_service/chassis/health.py", "kind": "changed"}
    ]
    assert (row(ran, "old")["behind"], row(ran, "old")["files"]) == (BEHIND, [])
    assert ran.code == 1


def test_check_is_content_with_a_fleet_as_it_was_made(msgen: Command, service: Born) -> None:
    for place in "ab":
        service(place, releases.current())

    ran = msgen("fleet", "check")

    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "2 services: 2 fine"


def test_one_damaged_service_does_not_hide_the_drift_of_others(
    msgen: Command, service: Born
) -> None:
    service("old")
    service("bad").write(".copier-answers.yml", "_commit: [\n")

    ran = msgen("fleet", "check", "--json")

    assert states(ran) == {"old": "drifted", "bad": "damaged"}
    assert ran.code == 1
