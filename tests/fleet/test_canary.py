"""The canary comes first, and nothing else happens when it does not work out."""

from front_door import Command

from tests.support.history import Repo

from .conftest import SHARED
from .fleets import branches, clash, row, states

PASSES_UNLESS_POISONED = "sh -c 'echo looked at $(basename $PWD); test ! -e poison'"


def poison(repo: Repo) -> None:
    repo.write("poison", "")
    repo.commit()


def test_canary_with_a_conflict_stops_the_rest(msgen: Command, three: dict[str, Repo]) -> None:
    clash(three["a"], SHARED)

    ran = msgen("fleet", "update", "--json")

    assert states(ran) == {"a": "conflict", "b": "skipped", "c": "skipped"}
    assert ran.code == 1
    assert [branches(repo) for repo in three.values()] == [[], [], []]
    assert "canary `orders`" in row(ran, "b")["detail"]


def test_named_canary_comes_first(msgen: Command, three: dict[str, Repo]) -> None:
    clash(three["c"], SHARED)

    by_path = msgen("fleet", "update", "--json", "--canary", "./c")
    by_name = msgen("fleet", "update", "--json", "--canary", "orders")

    assert states(by_path) == {"a": "skipped", "b": "skipped", "c": "conflict"}
    assert by_name.code == 2
    assert "3 services are called `orders`" in by_name.err


def test_damaged_service_is_no_canary_unless_named(
    msgen: Command, three: dict[str, Repo]
) -> None:
    three["a"].write(".copier-answers.yml", "name: [")
    three["a"].commit()

    named = msgen("fleet", "update", "--json", "--canary", "a")
    chosen = msgen("fleet", "update", "--json")

    assert states(named) == {"a": "damaged", "b": "skipped", "c": "skipped"}
    assert states(chosen) == {"a": "damaged", "b": "updated", "c": "updated"}


def test_canary_that_does_not_verify_stops_the_rest(
    msgen: Command, three: dict[str, Repo]
) -> None:
    poison(three["a"])
    before = three["a"].state()

    ran = msgen("fleet", "update", "--verify", PASSES_UNLESS_POISONED)

    assert ran.code == 1
    assert "looked at msgen-verify-" in ran.out
    assert "1 failed, 2 skipped" in ran.out
    assert [branches(repo) for repo in three.values()] == [[], [], []]
    assert three["a"].state() == before
    assert len(three["a"].git("worktree", "list").splitlines()) == 1


def test_another_that_does_not_verify_stops_nobody(
    msgen: Command, three: dict[str, Repo]
) -> None:
    poison(three["b"])

    ran = msgen("fleet", "update", "--json", "--verify", PASSES_UNLESS_POISONED)

    assert states(ran) == {"a": "updated", "b": "failed", "c": "updated"}
    assert "ended with code 1" in row(ran, "b")["detail"]
    assert "looked at" in row(ran, "b")["output"]
    assert branches(three["b"]) == []


def test_verification_sees_the_update_in_the_folder_of_the_service(
    msgen: Command, three: dict[str, Repo]
) -> None:
    ran = msgen("fleet", "update", "--json", "--verify", f"grep -q 'news of the' {SHARED}")

    assert states(ran) == dict.fromkeys(three, "updated")
