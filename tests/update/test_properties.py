"""Whatever a team does to a service, an update loses none of it.

Seeds decide the release, the answers and the edits, so that a failure can be had again:
`-k 'seed-7'`. With `MSGEN_SOAK` there are random ones too.
"""

import os
import random
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from front_door import Command
from msgen import questions, releases
from msgen.deciding import MARKS
from msgen.ownership import Owner, Ownership
from msgen.questions import Question
from msgen.releases import Snapshot

from tests.support import answers, history
from tests.support.history import Files, Repo, contents

ANSWERS = ".copier-answers.yml"
_SOAK = os.environ.get("MSGEN_SOAK")
SEEDS = [f"seed-{number}" for number in range(12)]
SEEDS += [f"{_SOAK}-{number}" for number in range(200)] if _SOAK else []
NAMES = ("own.py", "with space.md", "größe.txt", 'a"b.txt', "deep/er/own.py", "-n", "core/x.py")
JOB = "\n  team-{}:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo team-{}\n"


@dataclass
class Team:
    """A team that edits a service at random; what it wrote is recognisable."""

    repo: Repo
    chance: random.Random
    written: list[str] = field(default_factory=list)

    def works(self) -> None:
        """A few edits, mostly of lines."""
        acts = [self.inserts] * 4 + [self.changes] * 3 + [self.cuts] * 2 + [
            self.adds, self.deletes, self.renames, self.makes_executable, self.bumps,
            self.adds_a_job,
        ]  # fmt: skip
        for _ in range(self.chance.randint(3, 16)):
            self.chance.choice(acts)()
        if self.chance.random() < 0.15:
            self.moves_a_folder()
        self.repo.commit()

    def inserts(self) -> None:
        self._edit(lambda lines, at: [*lines[:at], self._line(), *lines[at:]])

    def changes(self) -> None:
        self._edit(lambda lines, at: [*lines[:at], self._line(), *lines[at + 1 :]])

    def cuts(self) -> None:
        size = self.chance.randint(1, 4)
        self._edit(lambda lines, at: lines[:at] + lines[at + size :])

    def adds(self) -> None:
        folder = Path(self._file()).parent
        self.repo.write(str(folder / self.chance.choice(NAMES)), self._line() + "\n")

    def deletes(self) -> None:
        (self.repo.folder / self._file()).unlink()

    def renames(self) -> None:
        old = self.repo.folder / self._file()
        folder = (self.repo.folder / self._file()).parent
        new = folder / f"{self.chance.choice(['renamed', 'own', old.stem])}{old.suffix}"
        if not new.exists():
            old.rename(new)

    def makes_executable(self) -> None:
        (self.repo.folder / self._file()).chmod(0o755)

    def bumps(self) -> None:
        """As an update bot does it."""
        if self.repo.has("pyproject.toml"):
            text = self.repo.text("pyproject.toml")
            text = re.sub(r">=(\d+)", lambda found: self._bumped(found[1]), text)
            self.repo.write("pyproject.toml", text)

    def adds_a_job(self) -> None:
        if self.repo.has(".github/workflows/ci.yml"):
            number = len(self.written)
            self.written.append(f"      - run: echo team-{number}")
            text = self.repo.text(".github/workflows/ci.yml")
            self.repo.write(".github/workflows/ci.yml", text + JOB.format(number, number))

    def moves_a_folder(self) -> None:
        folders = [path for path in (self.repo.folder / "src").rglob("*") if path.is_dir()]
        if folders:
            old = self.chance.choice(sorted(folders))
            old.rename(old.with_name(f"{old.name}_moved"))

    def _bumped(self, major: str) -> str:
        return f">={int(major) + self.chance.randint(0, 1)}"

    def _line(self) -> str:
        self.written.append(f"# line {len(self.written)} of the team's own")
        return self.written[-1]

    def _file(self) -> str:
        files = sorted(contents(self.repo.folder).keys() - {ANSWERS})
        return self.chance.choice(files)

    def _edit(self, edit: Any) -> None:
        path = self._file()
        lines = self.repo.text(path).splitlines()
        at = self.chance.randint(0, len(lines))
        self.repo.write(path, "".join(f"{line}\n" for line in edit(lines, at)))


@dataclass(frozen=True)
class Case:
    """A service with a team, before its update."""

    repo: Repo
    base: Files
    theirs: Files
    ours: Files
    written: frozenset[str]
    """The lines of the team that were still there when it committed."""


@pytest.fixture
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    chance = random.Random(request.param)
    old = releases.asked_for(str(chance.choice(releases.released()).version))
    given = _answers(old, chance)
    repo = history.born(old, tmp_path / "orders", **given)
    base = contents(repo.folder)
    recorded = yaml.safe_load(repo.text(ANSWERS))
    team = Team(repo, chance)
    team.works()
    now = releases.current()
    theirs = history.rendered(now, tmp_path / "theirs", **_known(now, recorded))
    ours = contents(repo.folder)
    there = b"\n".join(content for _, content in ours.values()).decode().splitlines()
    return Case(repo, base, theirs, ours, frozenset(team.written) & frozenset(there))


def _answers(snapshot: Snapshot, chance: random.Random) -> dict[str, Any]:
    values = answers.values().items()
    given = {name: chance.choice(found) for name, found in values if chance.random() < 0.5}
    possible = _known(snapshot, given)
    if answers.pairs(possible) & answers.forbidden():
        del possible["feature_flags"]
    return possible


def _known(snapshot: Snapshot, given: dict[str, Any]) -> dict[str, Any]:
    known = questions.load(snapshot)
    return {
        name: value
        for name, value in given.items()
        if name in known and _is_choice(known[name], value)
    }


def _is_choice(question: Question, value: Any) -> bool:
    return not question.choices or value in question.choices.values()


@pytest.mark.parametrize("case", SEEDS, indirect=True)
def test_nothing_of_the_teams_is_lost(case: Case, msgen: Command) -> None:
    repo = case.repo
    msgen.folder = repo.folder
    before = repo.state()

    first = msgen("update", "--no-install", "--json")
    after, unmerged = contents(repo.folder), repo.unmerged
    back = msgen("update", "--abort") if repo.status else None
    restored = repo.state()
    second = msgen("update", "--no-install", "--json")

    assert first.code in {0, 1}, first.err
    assert first.code == (1 if unmerged else 0)
    assert sorted(first.json[0]["conflicts"]) == sorted(unmerged)
    assert back is None or back.code == 0, back
    assert restored.differing(before) == []
    assert second.json == first.json
    assert contents(repo.folder) == after
    _loses_nothing(case, after, unmerged)
    _does_as_owners_say(case, after, set(unmerged))
    _ends(repo, msgen)


def _loses_nothing(case: Case, after: Files, unmerged: dict[str, dict[int, bytes]]) -> None:
    texts = [content for _, content in after.values()]
    texts += [content for stages in unmerged.values() for content in stages.values()]
    there = set(b"\n".join(texts).decode().splitlines())
    assert case.written - there == set()
    for path, (_, content) in after.items():
        assert path in unmerged or not MARKS.search(content), f"marks in `{path}`"
    rendered = {content for _, content in case.base.values()}
    for path in case.ours.keys() - case.base.keys() - case.theirs.keys():
        content = case.ours[path][1]
        if content in rendered:  # only moved: it goes where the template's renaming leads
            continue
        assert path in after or content in texts or path in unmerged, f"`{path}` is gone"


def _does_as_owners_say(case: Case, after: Files, conflicts: set[str]) -> None:
    table = Ownership(releases.current())
    units = set().union(*table.units(case.base.keys() | case.ours.keys() | case.theirs.keys()))
    for path in case.base.keys() - units - {ANSWERS}:
        owner = table.owner(path)
        base, ours, theirs = (side.get(path) for side in (case.base, case.ours, case.theirs))
        if owner is Owner.DERIVED:
            continue
        if ours is None and theirs is not None:
            assert path not in after or path in conflicts, f"`{path}` came back"
        elif ours == base:
            assert path not in conflicts, f"`{path}` was untouched"
            assert after.get(path) == theirs, f"`{path}` does not follow the template"
        elif owner is Owner.YOURS and theirs is not None:
            assert after.get(path) == ours, f"`{path}` was not left alone"


def _ends(repo: Repo, msgen: Command) -> None:
    """Once it is committed, with or without marks, nothing is left to do."""
    repo.commit()
    done = repo.state()

    again = msgen("update", "--no-install")

    assert again.code == 0, again.err
    assert repo.state().differing(done) == []
