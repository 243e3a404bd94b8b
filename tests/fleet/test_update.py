"""`msgen fleet update`: a branch for each service, and nothing else is touched."""

import pytest
from front_door import Command
from msgen import __version__, releases
from msgen.render import ANSWERS_FILE

from tests.support import history
from tests.support.history import DERIVED, Repo

from .conftest import SHARED, Born
from .fleets import BRANCH, branches, clash, row, states

ANSWERS: tuple[dict[str, object], ...] = (
    {},
    {"tracing": False},
    {"container": False, "ci": "none"},
    {"name": "billing", "exception_tracking": False, "licence": "MIT"},
)


def files_of(repo: Repo, commit: str) -> list[str]:
    """Modes, contents and paths of a commit, without what is made again."""
    listed = repo.git("ls-tree", "-r", "-z", commit).split("\0")
    return [line for line in listed if not line.endswith(tuple(f"\t{d}" for d in DERIVED))]


def test_branch_holds_what_update_would_stage(msgen: Command, service: Born) -> None:
    """A dozen services of different answers and releases, each edited in its own way."""
    olds = history.old_releases()
    repos = {}
    for number in range(12):
        repo = service(f"s{number:02}", olds[number % len(olds)], **ANSWERS[number // 2 % 4])
        repo.append("pyproject.toml", f"# edit {number}")
        repo.append("README.md", f"edit {number}")
        repo.commit()
        repos[f"s{number:02}"] = repo
    some = [repos[name] for name in ("s00", "s03", "s04", "s07")]
    clones = [repo.copy(repo.folder.with_name(f"clone-{repo.folder.name}")) for repo in some]

    ran = msgen("fleet", "update", "--json", *repos)
    alone = msgen("update", "--no-install", "--yes", *(each.folder.name for each in clones))

    assert states(ran) == dict.fromkeys(repos, "updated"), ran.err
    assert alone.code == 0, alone.err
    for repo, clone in zip(some, clones, strict=True):
        clone.git("commit", "--quiet", "--message", "Update")
        assert files_of(repo, BRANCH) == files_of(clone, "HEAD")
        assert repo.git("rev-parse", f"{BRANCH}^").strip() == repo.head


def test_work_tree_and_index_stay_as_they_are(msgen: Command, service: Born) -> None:
    repo = service("orders")
    repo.append("README.md", "not staged")
    repo.append("justfile", "# staged")
    repo.git("add", "justfile")
    repo.write("notes.txt", "not followed by git")
    repo.append(SHARED, "# in the way of the update")
    before = repo.state()

    ran = msgen("fleet", "update", "--json")

    assert states(ran) == {"orders": "updated"}
    assert repo.state() == before
    assert "news of the template" in repo.git("show", f"{BRANCH}:{SHARED}")
    assert "in the way" not in repo.git("show", f"{BRANCH}:{SHARED}")


def test_files_that_are_not_committed_are_in_nobodys_way(msgen: Command, service: Born) -> None:
    repo = service("orders")
    new = set(history.contents(service("new", releases.current()).folder))
    for path in new - set(history.contents(repo.folder)):
        repo.write(path, "mine")

    ran = msgen("fleet", "update", "--json", "orders")

    assert states(ran) == {"orders": "updated"}


def test_commit_says_who_and_what(msgen: Command, service: Born) -> None:
    repo = service("orders")

    ran = msgen("fleet", "update", "--json")

    said = repo.git("log", "-1", "--format=%H%n%an <%ae>%n%B", BRANCH).splitlines()
    assert said[0] == row(ran, "orders")["commit"]
    assert said[1] == "Test <test@example.org>"
    assert said[2] == f"Update the template to {__version__}"
    assert f"Msgen-Update: {__version__}" in said


def test_git_that_knows_nobody_is_told_as_such(msgen: Command, service: Born) -> None:
    repo = service("orders")
    repo.git("config", "user.useConfigOnly", "true")
    for key in [key for key in msgen.env if key.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))]:
        del msgen.env[key]

    told = row(msgen("fleet", "update", "--json"), "orders")

    assert (told["status"], told["detail"]) == ("failed", "git does not know who commits")
    assert branches(repo) == []


def test_json_has_the_same_keys_for_every_service(msgen: Command, service: Born) -> None:
    service("a")
    clash(service("b"), SHARED)
    service("c").write(ANSWERS_FILE, "name: [")
    Repo(msgen.folder / "c").commit()

    ran = msgen("fleet", "update", "--json")

    assert row(ran, "a") == {
        "name": "orders",
        "path": str(msgen.folder / "a"),
        "status": "updated",
        "version": "0.1.0",
        "detail": None,
        "hint": None,
        "to": __version__,
        "repository": str(msgen.folder / "a"),
        "branch": BRANCH,
        "commit": Repo(msgen.folder / "a").git("rev-parse", BRANCH).strip(),
        "conflicts": [],
        "notes": [],
        "output": None,
    }
    assert [each.keys() for each in ran.json] == [row(ran, "a").keys()] * 3
    assert row(ran, "b")["conflicts"] == [SHARED]
    assert "msgen update" in row(ran, "b")["hint"]
    assert ran.code == 1


def test_bad_services_do_not_stop_the_others(msgen: Command, service: Born) -> None:
    repos = {
        name: service(name) for name in ("a", "clashing", "damaged", "halfway", "torn", "z")
    }
    clash(repos["clashing"], SHARED)
    repos["damaged"].write(ANSWERS_FILE, "name: [")
    repos["damaged"].commit()
    (repos["torn"].folder / ".git/HEAD").write_text("nonsense\n")
    halfway = repos["halfway"]
    halfway.git("branch", "other")
    clash(halfway, "README.md")
    halfway.git("switch", "--quiet", "other")
    halfway.prepend("README.md", "and another thing")
    halfway.commit()
    halfway.git("merge", "main", ok=False)
    assert halfway.unmerged

    ran = msgen("fleet", "update", "--json", "--jobs", "2")

    assert states(ran) == {
        "a": "updated",
        "clashing": "conflict",
        "damaged": "damaged",
        "halfway": "updated",
        "torn": "failed",
        "z": "updated",
    }
    assert ran.code == 1
    assert halfway.unmerged
    assert branches(repos["clashing"]) == []


def test_second_run_has_nothing_left_to_do(msgen: Command, three: dict[str, Repo]) -> None:
    msgen("fleet", "update")
    before = {name: repo.git("rev-parse", BRANCH) for name, repo in three.items()}

    again = msgen("fleet", "update", "--json")
    three["a"].git("merge", "--quiet", BRANCH)
    merged = msgen("fleet", "update", "--json")

    assert states(again) == dict.fromkeys("abc", "waiting")
    assert again.code == 0
    assert {name: repo.git("rev-parse", BRANCH) for name, repo in three.items()} == before
    assert states(merged) == {"a": "up to date", "b": "waiting", "c": "waiting"}


def test_branch_that_the_team_left_behind_is_made_again(msgen: Command, service: Born) -> None:
    repo = service("orders")
    msgen("fleet", "update")
    repo.append("README.md", "meanwhile")
    repo.commit()

    ran = msgen("fleet", "update", "--json")

    assert states(ran) == {"orders": "updated"}
    assert repo.git("rev-parse", f"{BRANCH}^").strip() == repo.head


def test_other_answers_make_the_branch_again(msgen: Command, service: Born) -> None:
    repo = service("orders")
    msgen("fleet", "update")

    ran = msgen("fleet", "update", "--json", "--set", "tracing=no")
    again = msgen("fleet", "update", "--json", "--set", "tracing=no")

    assert (states(ran), states(again)) == ({"orders": "updated"}, {"orders": "waiting"})
    assert "tracing: false" in repo.git("show", f"{BRANCH}:{ANSWERS_FILE}")


def test_work_of_the_team_on_the_branch_is_kept(msgen: Command, service: Born) -> None:
    repo = service("orders")
    msgen("fleet", "update")
    repo.git("switch", "--quiet", BRANCH)
    repo.append("README.md", "what the update needs besides")
    repo.commit()
    repo.git("switch", "--quiet", "main")
    tip = repo.git("rev-parse", BRANCH)

    waiting = msgen("fleet", "update", "--json")
    repo.append("justfile", "# meanwhile")
    repo.commit()
    stale = msgen("fleet", "update", "--json")

    assert states(waiting) == {"orders": "waiting"}
    assert states(stale) == {"orders": "failed"}
    assert "is not msgen's" in row(stale, "orders")["detail"]
    assert repo.git("rev-parse", BRANCH) == tip


def test_branch_of_the_same_name_by_somebody_else_is_kept(
    msgen: Command, service: Born
) -> None:
    repo = service("orders")
    tip = repo.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "Mine").strip()
    repo.git("branch", BRANCH, tip)

    ran = msgen("fleet", "update", "--json")

    assert states(ran) == {"orders": "failed"}
    assert "branch -m" in row(ran, "orders")["hint"]
    assert repo.git("rev-parse", BRANCH).strip() == tip


def test_branch_that_is_checked_out_is_not_moved(msgen: Command, service: Born) -> None:
    repo = service("orders")
    msgen("fleet", "update")
    repo.git("worktree", "add", "--quiet", str(msgen.folder.parent / "elsewhere"), BRANCH)
    repo.append("README.md", "meanwhile")
    repo.commit()
    tip = repo.git("rev-parse", BRANCH)

    ran = msgen("fleet", "update", "--json")

    assert states(ran) == {"orders": "failed"}
    assert "is checked out in" in row(ran, "orders")["detail"]
    assert repo.git("rev-parse", BRANCH) == tip


def test_each_service_of_a_monorepo_gets_its_branch(msgen: Command, service: Born) -> None:
    for place in ("mono/services/orders", "mono/services/billing", "mono/edge"):
        folder = service(place).folder
        (folder / ".git").rename(folder.with_name(f"{folder.name}.git.old"))
    mono = history.repository(msgen.folder / "mono")
    before = mono.state()

    ran = msgen("fleet", "update", "--json", "--jobs", "2")
    again = msgen("fleet", "update", "--json")

    names = ["edge", "services-billing", "services-orders"]
    assert set(states(ran).values()) == {"updated"}, ran.err
    assert branches(mono) == [f"{BRANCH}/{name}" for name in names]
    assert mono.state() == before
    changed = mono.git("diff", "--name-only", "HEAD", f"{BRANCH}/services-orders").split()
    assert changed
    assert all(path.startswith("services/orders/") for path in changed)
    assert set(states(again).values()) == {"waiting"}


def test_dry_run_makes_nothing(msgen: Command, service: Born) -> None:
    repo = service("a")
    clash(service("b"), SHARED)
    before = history.contents(repo.folder / ".git"), repo.state()

    ran = msgen("fleet", "update", "--dry-run", "--json")

    assert states(ran) == {"a": "planned", "b": "conflict"}
    assert (history.contents(repo.folder / ".git"), repo.state()) == before


def test_services_past_the_version_asked_for_are_left(msgen: Command, service: Born) -> None:
    service("new", releases.current())

    ran = msgen("fleet", "update", "--to", "0.1.0", "--json")

    assert states(ran) == {"new": "up to date"}
    assert ran.code == 0


def test_lines_on_the_way_and_the_table_in_the_end(
    msgen: Command, three: dict[str, Repo]
) -> None:
    clash(three["c"], SHARED)

    ran = msgen("fleet", "update", "--jobs", "1")

    assert ran.err.splitlines() == [
        "1/3 orders updated",
        "2/3 orders updated",
        f"3/3 orders conflict: `{SHARED}`",
    ]
    assert f"git -C a push origin {BRANCH}" in ran.out
    assert "3 services: 2 updated, 1 conflict" in ran.out
    assert ran.code == 1


@pytest.mark.parametrize("words", [("--help",), ("update", "--help"), ()])
def test_help_names_the_commands(msgen: Command, words: tuple[str, ...]) -> None:
    ran = msgen("fleet", *words)

    assert "--canary" in ran.out if "update" in words else "status" in ran.out
