"""Changes that were interrupted, disturbed or left waiting: nothing of anybody's is lost."""

import json

import pytest
from front_door import Command
from msgen import change, record, releases, upkeep
from msgen.errors import UserError
from msgen.releases import Snapshot

from tests.support import history
from tests.support.history import Repo

from .conftest import Born

EDGE = "src/orders_service/chassis/edge.py"


@pytest.fixture
def two(msgen: Command, oldest: Snapshot) -> Repo:
    """Two services in one repository."""
    for name in ("a", "b"):
        history.rendered(oldest, msgen.folder / name)
    (msgen.folder / "other.txt").write_text("one\n")
    return history.repository(msgen.folder)


def test_taking_back_one_service_leaves_its_neighbour(two: Repo, msgen: Command) -> None:
    assert msgen("update", "a", "b", "--no-install").code == 0
    before = [line for line in two.status if line[3:].startswith("b/")]

    said = msgen("update", "--abort", "a")

    assert said.code == 0, said.err
    assert before
    assert two.status == before
    assert msgen("update", "--abort", "b").code == 0
    assert two.status == []


def test_a_commit_elsewhere_takes_nothing_from_a_waiting_update(
    two: Repo, msgen: Command
) -> None:
    msgen("update", "a", "--no-install")
    two.write("other.txt", "two\n")
    two.git("commit", "--quiet", "--message", "other", "--", "other.txt")

    said = msgen("update", "--abort", "a")

    assert said.code == 0, said.err
    assert two.status == []
    assert two.text("other.txt") == "two\n"


def test_one_that_cannot_be_taken_back_does_not_stop_the_others(
    two: Repo, msgen: Command
) -> None:
    msgen("update", "b", "--no-install")

    said = msgen("update", "--abort", "a", "b")

    assert said.code == 1
    assert "nothing to take back" in said.err
    assert two.status == []


def test_an_edit_made_while_msgen_asks_stays_where_it_is(service: Repo) -> None:
    found = record.load(service.folder)
    target = change.target_state(found, releases.current(), {})

    def edit(_planned: object) -> None:
        service.append(EDGE, "# written meanwhile")

    with upkeep.at_work(service.folder) as (found, repository):
        manner = upkeep.Manner("msgen update", install=False, leave_edited=True, agree=edit)
        with pytest.raises(UserError, match="nothing was changed"):
            upkeep.carry_out(found, repository, target, manner)

    assert service.text(EDGE).endswith("# written meanwhile\n")
    assert service.status == [f" M {EDGE}"]


def test_a_sparse_checkout_can_be_taken_back(service: Repo, msgen: Command) -> None:
    service.git("sparse-checkout", "set", "--no-cone", "/*", "!/tests/")
    assert msgen("update", "--no-install").code == 0

    said = msgen("update", "--abort")

    assert said.code == 0, said.err
    assert service.status == []
    assert not service.has("tests/conftest.py")


def test_what_came_after_an_update_is_saved_before_it_is_taken_back(
    service: Repo, msgen: Command
) -> None:
    msgen("update", "--no-install")
    (service.folder / "pyproject.toml").unlink()
    service.write("pyproject.toml/notes.txt", "ours\n")
    (service.folder / EDGE).unlink()
    (service.folder / EDGE).symlink_to("health.py")

    said = msgen("update", "--abort")

    assert said.code == 0, said.err
    [saved] = (service.folder / ".git/msgen").glob("saved-*")
    assert (saved / "pyproject.toml/notes.txt").read_text() == "ours\n"
    assert (saved / EDGE).is_symlink()
    assert service.status == []


@pytest.mark.parametrize("command", ["check", "diff"])
def test_commands_that_only_look_say_that_something_was_interrupted(
    service: Repo, msgen: Command, command: str
) -> None:
    _interrupt(service, msgen)

    said = msgen(command)

    assert said.code == 1
    assert "was interrupted" in said.err
    assert msgen("update", "--dry-run").code == 1
    assert msgen("update", "--no-install").code == 0


def _interrupt(service: Repo, msgen: Command) -> None:
    """As a kill just before the journal is put away leaves it."""
    msgen("update", "--no-install")
    [waiting] = (service.folder / ".git/msgen").glob("update-*.json")
    service.git("reset", "--quiet", "--hard")
    waiting.rename(waiting.with_name("journal.json"))


def test_a_damaged_journal_is_named(service: Repo, msgen: Command) -> None:
    (service.folder / ".git/msgen").mkdir()
    (service.folder / ".git/msgen/journal.json").write_text("")

    said = msgen("update")

    assert said.code == 1
    assert "journal.json` is damaged" in said.err
    assert "msgen itself failed" not in said.err


def test_marks_that_are_staged_are_marks(service: Repo, msgen: Command) -> None:
    service.replace("Dockerfile", "ARG BASE_IMAGE=", "ARG BASE_IMAGE=ours/")
    service.commit()
    assert msgen("set", "base_image=theirs:2", "--no-install").code == 1
    service.git("add", "Dockerfile")
    service.write("Dockerfile", "FROM mended\n")

    refused = msgen("update", "--continue", "--no-install")
    service.git("add", "Dockerfile")
    finished = msgen("update", "--continue", "--no-install")

    assert refused.code == 1
    assert "`Dockerfile` still has conflict marks" in refused.err
    assert finished.code == 0, finished.err


def test_a_dry_run_leaves_no_trace_in_the_git_folder(service: Repo, msgen: Command) -> None:
    before = sorted(str(path) for path in (service.folder / ".git").rglob("*"))

    assert msgen("update", "--dry-run").code == 0

    assert sorted(str(path) for path in (service.folder / ".git").rglob("*")) == before


def test_a_lock_file_that_nobody_committed_stays(service: Repo, msgen: Command) -> None:
    service.write("uv.lock", "# ours\n")

    msgen("update", "--no-install")
    said = msgen("update", "--abort")

    assert said.code == 0, said.err
    assert service.text("uv.lock") == "# ours\n"


def test_json_is_written_for_a_single_failure_too(
    born: Born, oldest: Snapshot, msgen: Command
) -> None:
    service = born(oldest)
    service.append("README.md", "Ours.")

    said = msgen("update", "orders", "--json")

    assert said.code == 1
    [found] = json.loads(said.out)
    assert found["status"] == "failed"
    assert "not committed" in found["error"]


@pytest.mark.parametrize("other", [("--dry-run",), ("--json",), ("--to", "0.2.0")])
def test_taking_back_goes_with_nothing_else(
    service: Repo, msgen: Command, other: tuple[str, ...]
) -> None:
    msgen("update", "--no-install")
    before = service.state()

    said = msgen("update", "--abort", *other)

    assert said.code == 2
    assert service.state() == before
