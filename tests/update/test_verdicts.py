"""Who wins, file by file: what the template did, what the team did, and whose the file is.

One template and one team do everything at once, so that one update answers all of it.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
from front_door import Command, Ran

from tests.support import history
from tests.support.history import Clone, Repo

PLACES = {"sealed": "src/orders_service/chassis", "shared": "shared", "yours": "docs/yours"}
TEMPLATE, TEAM, BOTH = "line 20, said the template", "line 3, said the team", "line 20, team"

every_owner = pytest.mark.parametrize("owner", PLACES)
owned_by_template = pytest.mark.parametrize("owner", ["sealed", "shared"])


def _text(about: str) -> str:
    return "".join(f"line {number} of {about}\n" for number in range(1, 31))


def _before(clone: Clone, place: str) -> None:
    for name in (
        "same", "ours", "clean", "apart", "clash", "deleted", "chmod", "moved", "moved-clash",
        "renamed", "renamed-apart", "renamed-clash", "renamed-deleted", "both-renamed",
        "dropped", "dropped-edited", "dropped-deleted",
    ):  # fmt: skip
        clone.write(f"{place}/{name}.txt", _text(f"{place}/{name}"))


def _template_does(clone: Clone, place: str) -> None:
    for name in ("clean", "apart", "clash", "deleted", "chmod", "moved", "moved-clash",
                 "renamed-apart", "renamed-clash"):  # fmt: skip
        _replace(clone, f"{place}/{name}.txt", 20, TEMPLATE)
    for name in (
        "renamed",
        "renamed-apart",
        "renamed-clash",
        "renamed-deleted",
        "both-renamed",
    ):
        clone.rename(f"{place}/{name}.txt", f"{place}/{name}-now.txt")
    for name in ("dropped", "dropped-edited", "dropped-deleted"):
        clone.remove(f"{place}/{name}.txt")
    for name in ("arrived", "both-added", "both-added-alike"):
        clone.write(f"{place}/{name}.txt", f"{name} by the template of {place}\n")


def _team_does(team: Repo, place: str) -> None:
    for name in ("ours", "apart", "moved", "renamed-apart", "dropped-edited"):
        _replace(team, f"{place}/{name}.txt", 3, TEAM)
    for name in ("clash", "moved-clash", "renamed-clash"):
        _replace(team, f"{place}/{name}.txt", 20, BOTH)
    for name in ("deleted", "renamed-deleted", "dropped-deleted"):
        (team.folder / place / f"{name}.txt").unlink()
    for old, new in (("moved", "moved-by-team"), ("moved-clash", "moved-clash-by-team"),
                     ("both-renamed", "both-renamed-by-team")):  # fmt: skip
        (team.folder / place / f"{old}.txt").rename(team.folder / place / f"{new}.txt")
    (team.folder / place / "chmod.txt").chmod(0o755)
    team.write(f"{place}/both-added.txt", "both-added by the team\n")
    team.write(
        f"{place}/both-added-alike.txt", f"both-added-alike by the template of {place}\n"
    )
    team.write(f"{place}/own.txt", "own\n")


def _replace(where: Clone | Repo, path: str, number: int, line: str) -> None:
    lines = where.text(path).splitlines()
    lines[number - 1] = line
    where.write(path, "\n".join(lines) + "\n")


@dataclass(frozen=True)
class Updated:
    """The service after it all."""

    repo: Repo
    ran: Ran

    def verdict(self, path: str) -> str:
        [said] = self.ran.json
        found = [each["verdict"] for each in said["files"] if each["path"] == path]
        return found[0] if found else "unnamed"

    def lines(self, path: str) -> list[str]:
        return self.repo.text(path).splitlines()


@pytest.fixture(scope="module")
def updated(tmp_path_factory: pytest.TempPathFactory) -> Updated:
    place = tmp_path_factory.mktemp("verdicts")
    clone = Clone.of_this_one(place / "msgen")
    table = clone.root / "template/ownership.yml"
    text = table.read_text().replace("\nshared:\n", "\nshared:\n  - /shared/\n")
    table.write_text(text.replace("\ntogether:\n", "\ntogether:\n  - [/unit/, /unit-tests/]\n"))
    for folder in PLACES.values():
        _before(clone, folder)
    for name in ("unit/a.py", "unit/b.py", "unit-tests/test_a.py"):
        clone.write(name, _text(name))
    team = history.born(clone.snapshot(), place / "orders")
    for folder in PLACES.values():
        _template_does(clone, folder)
        _team_does(team, folder)
    _replace(clone, "unit/a.py", 20, TEMPLATE)
    clone.write("unit/c.py", "new in the unit\n")
    _replace(team, "unit-tests/test_a.py", 3, TEAM)
    team.commit()
    (place / "home").mkdir()
    command = Command(team.folder, place / "home")
    command.env |= clone.env
    return Updated(team, command("update", "--no-install", "--json"))


def test_it_ends_with_conflicts(updated: Updated) -> None:
    [said] = updated.ran.json

    assert updated.ran.code == 1
    assert said["status"] == "conflict"
    assert sorted(updated.repo.unmerged) == said["conflicts"]


@every_owner
def test_untouched_files_follow_the_template(updated: Updated, owner: str) -> None:
    place = PLACES[owner]

    assert updated.verdict(f"{place}/same.txt") == "unchanged"
    assert updated.verdict(f"{place}/clean.txt") == "clean"
    assert updated.lines(f"{place}/clean.txt")[19] == TEMPLATE
    assert updated.verdict(f"{place}/renamed-now.txt") == "new"
    assert updated.lines(f"{place}/renamed-now.txt") == _text(f"{place}/renamed").splitlines()
    assert updated.verdict(f"{place}/renamed.txt") == "gone"
    assert updated.verdict(f"{place}/dropped.txt") == "gone"
    assert updated.verdict(f"{place}/arrived.txt") == "new"
    assert not updated.repo.has(f"{place}/renamed.txt")
    assert not updated.repo.has(f"{place}/dropped.txt")


@every_owner
def test_what_only_the_team_did_stays(updated: Updated, owner: str) -> None:
    place = PLACES[owner]

    assert updated.verdict(f"{place}/ours.txt") == "kept"
    assert updated.lines(f"{place}/ours.txt")[2] == TEAM
    assert updated.repo.text(f"{place}/own.txt") == "own\n"
    assert updated.verdict(f"{place}/own.txt") == "unnamed"
    assert updated.lines(f"{place}/both-added-alike.txt") == [
        f"both-added-alike by the template of {place}"
    ]


@every_owner
def test_what_the_team_deleted_stays_deleted(updated: Updated, owner: str) -> None:
    place = PLACES[owner]

    assert updated.verdict(f"{place}/deleted.txt") == "deleted"
    assert updated.verdict(f"{place}/renamed-deleted.txt") == "deleted"
    assert updated.verdict(f"{place}/dropped-deleted.txt") == "deleted"
    for name in ("deleted", "renamed-deleted", "renamed-deleted-now", "dropped-deleted"):
        assert not updated.repo.has(f"{place}/{name}.txt"), name


@owned_by_template
def test_changes_apart_are_merged(updated: Updated, owner: str) -> None:
    place = PLACES[owner]

    assert updated.verdict(f"{place}/apart.txt") == "merged"
    assert updated.lines(f"{place}/apart.txt")[2] == TEAM
    assert updated.lines(f"{place}/apart.txt")[19] == TEMPLATE
    assert updated.lines(f"{place}/renamed-apart-now.txt")[2] == TEAM
    assert updated.lines(f"{place}/renamed-apart-now.txt")[19] == TEMPLATE
    assert not updated.repo.has(f"{place}/renamed-apart.txt")


@owned_by_template
def test_an_edit_that_followed_a_renaming_is_no_new_file(updated: Updated, owner: str) -> None:
    assert updated.verdict(f"{PLACES[owner]}/renamed-apart-now.txt") == "merged"


@owned_by_template
def test_changes_of_the_same_line_are_a_conflict(updated: Updated, owner: str) -> None:
    place = PLACES[owner]

    for name in ("clash.txt", "renamed-clash-now.txt"):
        path = f"{place}/{name}"
        stages = updated.repo.unmerged[path]
        assert updated.verdict(path) == "conflict"
        assert sorted(stages) == [1, 2, 3]
        assert BOTH in stages[2].decode()
        assert TEMPLATE in stages[3].decode()
        assert {BOTH, TEMPLATE} <= set(updated.lines(path))
        assert any(line.startswith("<<<<<<< yours") for line in updated.lines(path))
        assert any(line.startswith(">>>>>>> template-") for line in updated.lines(path))


@owned_by_template
def test_a_dropped_file_with_an_edit_is_a_conflict(updated: Updated, owner: str) -> None:
    path = f"{PLACES[owner]}/dropped-edited.txt"

    assert updated.verdict(path) == "conflict"
    assert sorted(updated.repo.unmerged[path]) == [1, 2]
    assert TEAM in updated.lines(path)


@owned_by_template
def test_two_files_of_one_name_are_a_conflict(updated: Updated, owner: str) -> None:
    path = f"{PLACES[owner]}/both-added.txt"

    assert updated.verdict(path) == "conflict"
    assert sorted(updated.repo.unmerged[path]) == [2, 3]
    assert "both-added by the team" in updated.lines(path)


@owned_by_template
def test_a_mode_that_the_team_set_stays_when_the_content_changes(
    updated: Updated, owner: str
) -> None:
    path = f"{PLACES[owner]}/chmod.txt"

    assert updated.verdict(path) == "merged"
    assert updated.lines(path)[19] == TEMPLATE
    assert (updated.repo.folder / path).stat().st_mode & 0o111


@owned_by_template
def test_the_templates_change_follows_a_file_that_the_team_moved(
    updated: Updated, owner: str
) -> None:
    place = PLACES[owner]

    assert updated.lines(f"{place}/moved-by-team.txt")[2] == TEAM
    assert updated.lines(f"{place}/moved-by-team.txt")[19] == TEMPLATE
    assert not updated.repo.has(f"{place}/moved.txt")
    assert updated.verdict(f"{place}/moved-clash-by-team.txt") == "conflict"


@owned_by_template
def test_two_new_names_for_a_file_are_a_conflict_of_both(updated: Updated, owner: str) -> None:
    names = ("both-renamed-by-team", "both-renamed-now")

    for path in (f"{PLACES[owner]}/{name}.txt" for name in names):
        assert updated.verdict(path) == "conflict"
        assert updated.lines(path) == _text(f"{PLACES[owner]}/both-renamed").splitlines()


def test_the_teams_own_files_are_left_alone_once_edited(updated: Updated) -> None:
    place = PLACES["yours"]

    for name in (
        "apart", "clash", "chmod", "dropped-edited", "both-added", "moved-clash-by-team",
        "both-renamed-by-team",
    ):  # fmt: skip
        path = f"{place}/{name}.txt"
        assert updated.verdict(path) in {"kept", "unnamed"}, path
        assert updated.repo.git("diff", "HEAD", "--", path) == ""
    assert TEMPLATE not in updated.lines(f"{place}/apart.txt")
    assert not [path for path in updated.repo.unmerged if path.startswith(place)]


@every_owner
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("renamed-apart", TEAM), ("renamed-clash", BOTH), ("moved", TEAM),
        ("moved-clash", BOTH), ("dropped-edited", TEAM), ("clash", BOTH), ("apart", TEAM),
        ("both-added", "both-added by the team"), ("both-renamed", "line 9 of {}/both-renamed"),
    ],
)  # fmt: skip
def test_no_line_of_the_team_is_lost(
    updated: Updated, owner: str, name: str, line: str
) -> None:
    place = updated.repo.folder / PLACES[owner]

    texts = [file.read_text() for file in place.glob(f"{name}*.txt")]

    assert any(line.format(PLACES[owner]) in text for text in texts)


def test_files_that_belong_together_are_left_alone_together(updated: Updated) -> None:
    assert updated.verdict("unit/a.py") == "kept"
    assert TEMPLATE not in updated.lines("unit/a.py")
    assert updated.verdict("unit/c.py") == "left out"
    assert not updated.repo.has("unit/c.py")
    assert TEAM in updated.lines("unit-tests/test_a.py")


def test_the_answers_file_names_the_new_template(updated: Updated) -> None:
    [said] = updated.ran.json
    before = updated.repo.git("show", "HEAD:.copier-answers.yml").splitlines()
    after = updated.lines(".copier-answers.yml")

    assert [line for line in after if line not in before] == [
        f"_template_sha256: {said['to']['sha256']}"
    ]
    assert len(before) == len(after)


def test_taking_it_back_restores_every_byte(updated: Updated, tmp_path: Path) -> None:
    """The last test of the module, on a copy."""
    copy = updated.repo.copy(tmp_path / "orders")
    (tmp_path / "home").mkdir()

    ran = Command(copy.folder, tmp_path / "home")("update", "--abort")

    assert ran.code == 0, ran.err
    assert copy.status == []
    assert copy.git("write-tree") == copy.git("rev-parse", "HEAD^{tree}")
