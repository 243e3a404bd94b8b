"""`pyproject.toml` through `msgen update`: requirements are merged by key, the rest by git."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from front_door import Command
from msgen.dependencies import Sides, harmonised

from tests.support import history
from tests.support.history import Clone, Repo

FILE = "pyproject.toml"
BASE = """\
# About the project.
[project]
name = "orders-service"
version = "1.0.0"
dependencies = [
    "alpha>=1.0",  # the first
    "beta[fast]>=2.0",
    "gamma>=3.0; python_version < '3.13'",
    # Pinned down by hand once.
    "delta>=4.0",
    "epsilon>=5.0",
]

[dependency-groups]
lint = ["ruff>=0.1", "mypy>=1.0"]
dev = [
    {include-group = "lint"},
    "pytest>=8.0",
]

[tool.ruff]
line-length = 96
"""


class Project:
    """One template, one team, and what the update makes of both."""

    def __init__(self, clone: Clone, msgen: Command, place: Path) -> None:
        self.clone, self.msgen, self.place = clone, msgen, place
        self.base = clone.text(FILE)

    def update(self, ours: str, theirs: str) -> "Project":
        self.clone.write(FILE, self.base)
        self.service: Repo = history.born(self.clone.snapshot(), self.place)
        self.clone.write(FILE, theirs)
        self.service.write(FILE, ours)
        self.service.commit()
        self.msgen.folder = self.place
        ran = self.msgen("update", "--no-install", "--json", env=self.clone.env)
        [self.said] = ran.json
        self.code = ran.code
        return self

    @property
    def text(self) -> str:
        return (self.place / FILE).read_bytes().decode()

    @property
    def data(self) -> dict[str, Any]:
        assert self.code == 0, self.said["conflicts"]
        return tomllib.loads(self.text)

    @property
    def dependencies(self) -> list[str]:
        found: list[str] = self.data["project"]["dependencies"]
        return found


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone whose template is little more than a `pyproject.toml`."""
    clone = Clone.of_this_one(tmp_path_factory.mktemp("small") / "msgen").strip()
    (clone.root / "template/service" / FILE).write_text(BASE)
    return clone


@pytest.fixture
def project(small: Clone, msgen: Command, tmp_path: Path) -> Project:
    small.write(FILE, BASE)
    return Project(small, msgen, tmp_path / "orders")


def _bumped(text: str, **versions: str) -> str:
    for name, version in versions.items():
        text = re.sub(rf'("{name}(?:\[\w+\])?>=)[\w.]+', rf"\g<1>{version}", text)
    return text


def test_bots_and_template_bump_the_same_lines(project: Project) -> None:
    ours = _bumped(BASE, alpha="1.5", beta="2.9", gamma="3.1", delta="4.4", ruff="0.5")
    theirs = _bumped(BASE, alpha="1.4", beta="3.0", gamma="3.1", epsilon="6.0", mypy="2.0")

    done = project.update(ours, theirs)

    assert done.dependencies == [
        "alpha>=1.5", "beta[fast]>=3.0", "gamma>=3.1; python_version < '3.13'", "delta>=4.4",
        "epsilon>=6.0",
    ]  # fmt: skip
    assert done.data["dependency-groups"]["lint"] == ["ruff>=0.5", "mypy>=2.0"]
    assert done.data["dependency-groups"]["dev"] == [{"include-group": "lint"}, "pytest>=8.0"]


def test_comments_stay_where_they_are(project: Project) -> None:
    ours = _bumped(BASE, alpha="1.5").replace("# the first", "# the first, said the team")

    done = project.update(ours, _bumped(BASE, alpha="1.6", delta="4.1"))

    assert '    "alpha>=1.6",  # the first, said the team\n' in done.text
    assert '    # Pinned down by hand once.\n    "delta>=4.1",\n' in done.text
    assert done.text.startswith("# About the project.\n")


def test_what_nobody_touched_is_the_templates_to_the_byte(project: Project) -> None:
    theirs = _bumped(BASE, beta="2.1").replace("line-length = 96", "line-length = 100")

    done = project.update(_bumped(BASE, alpha="1.5"), theirs)

    assert done.text == _bumped(theirs, alpha="1.5")


def test_additions_next_to_each_other_do_not_conflict(project: Project) -> None:
    ours = BASE.replace('    "delta', '    "team>=1",\n    "delta')
    ours = ours.replace('    "epsilon>=5.0",\n', '    "epsilon>=5.0",\n    "zeta>=1",\n')
    theirs = BASE.replace("    # Pinned", '    "new>=1",\n    # Pinned')
    theirs = theirs.replace('    "epsilon>=5.0",\n', '    "epsilon>=5.0",\n    "eta>=1",\n')

    done = project.update(ours, theirs)

    assert sorted(done.dependencies) == sorted([
        "alpha>=1.0", "beta[fast]>=2.0", "gamma>=3.0; python_version < '3.13'", "team>=1",
        "new>=1", "delta>=4.0", "epsilon>=5.0", "zeta>=1", "eta>=1",
    ])  # fmt: skip
    for name in ("team", "new", "zeta", "eta"):
        assert f'    "{name}>=1",\n' in done.text


def test_an_addition_of_both_is_one(project: Project) -> None:
    ours = BASE.replace('    "epsilon', '    "httpx>=0.28",\n    "epsilon')
    theirs = BASE.replace('    "alpha', '    "httpx>=0.30",\n    "alpha')

    done = project.update(ours, theirs)

    assert [each for each in done.dependencies if "httpx" in each] == ["httpx>=0.30"]


def test_what_the_team_removed_stays_away(project: Project) -> None:
    ours = BASE.replace('    "beta[fast]>=2.0",\n', "").replace('"mypy>=1.0"', '"pyright>=1"')

    done = project.update(ours, _bumped(BASE, beta="2.5", mypy="1.5", alpha="1.1"))

    assert not [each for each in done.dependencies if "beta" in each]
    assert done.data["dependency-groups"]["lint"] == ["ruff>=0.1", "pyright>=1"]
    assert "alpha>=1.1" in done.dependencies


def test_what_the_template_removed_goes_unless_the_team_cares(project: Project) -> None:
    theirs = BASE.replace('    "beta[fast]>=2.0",\n', "").replace('    "epsilon>=5.0",\n', "")

    done = project.update(_bumped(BASE, epsilon="5.5"), theirs)

    assert not [each for each in done.dependencies if "beta" in each]
    assert "epsilon>=5.5" in done.dependencies


def test_extras_of_both_are_kept(project: Project) -> None:
    ours = BASE.replace("beta[fast]>=2.0", "beta[fast,team]>=2.0")

    done = project.update(ours, BASE.replace("beta[fast]>=2.0", "beta[fast,new]>=2.2"))

    [beta] = [each for each in done.dependencies if each.startswith("beta")]
    assert beta == "beta[fast,new,team]>=2.2"


def test_names_are_compared_as_package_indexes_do(project: Project) -> None:
    ours = BASE.replace("alpha>=1.0", "Alpha>=1.7")

    done = project.update(ours, _bumped(BASE, alpha="1.6"))

    assert [each for each in done.dependencies if each.lower().startswith("alpha")] == [
        "Alpha>=1.7"
    ]


@pytest.mark.parametrize(
    "pin",
    ["alpha==1.0.3", "alpha>=1.0,<1.3", "alpha~=1.0.3,!=1.0.5", "alpha<2"],
)
def test_a_pin_below_what_the_template_needs_is_a_conflict(project: Project, pin: str) -> None:
    done = project.update(BASE.replace("alpha>=1.0", pin), _bumped(BASE, alpha="1.6"))

    assert done.code == 1
    assert done.said["conflicts"] == [FILE]
    assert f'"{pin}"' in done.text
    assert '"alpha>=1.6"' in done.text
    marks = [line for line in done.text.splitlines() if line[:7] in {"<<<<<<<", ">>>>>>>"}]
    assert len(marks) == 2


@pytest.mark.parametrize("pin", ["alpha==1.9.3", "alpha>=1.7,<2", "alpha~=1.8"])
def test_a_pin_above_what_the_template_needs_stays(project: Project, pin: str) -> None:
    done = project.update(BASE.replace("alpha>=1.0", pin), _bumped(BASE, alpha="1.6"))

    assert pin in done.dependencies


@pytest.mark.parametrize(
    "source",
    [
        "alpha @ https://files.acme.test/alpha-1.whl",
        "alpha @ git+https://git.acme.test/alpha@fix",
    ],
)
def test_a_source_of_the_teams_own_is_never_replaced(project: Project, source: str) -> None:
    done = project.update(BASE.replace("alpha>=1.0", source), _bumped(BASE, alpha="1.6"))

    assert source in done.text


def test_two_lines_for_one_package_are_not_mixed_up(project: Project) -> None:
    ours = BASE.replace('    "delta', '    "beta<9",\n    "beta!=2.3",\n    "delta')
    ours = _bumped(ours, epsilon="5.1")

    done = project.update(ours, _bumped(BASE, alpha="1.6", epsilon="5.2"))

    for each in ("beta<9", "beta!=2.3", "alpha>=1.6", "delta>=4.0", "epsilon>=5.2"):
        assert each in done.dependencies
    assert len(done.dependencies) == 7


def test_a_marker_of_the_team_stays_when_the_template_bumps(project: Project) -> None:
    ours = BASE.replace('"alpha>=1.0"', "\"alpha>=1.0; sys_platform != 'win32'\"")

    done = project.update(ours, _bumped(BASE, alpha="1.6", delta="4.1"))

    assert "alpha>=1.6; sys_platform != 'win32'" in done.text
    assert '"delta>=4.1"' in done.text


def test_a_move_to_another_group_takes_the_higher_bound_along(project: Project) -> None:
    theirs = BASE.replace('    "pytest>=8.0",\n', "").replace(
        '"mypy>=1.0"]', '"mypy>=1.0", "pytest>=8.0"]'
    )

    done = project.update(_bumped(BASE, pytest="8.7"), theirs)

    assert done.data["dependency-groups"]["lint"] == ["ruff>=0.1", "mypy>=1.0", "pytest>=8.7"]
    assert done.data["dependency-groups"]["dev"] == [{"include-group": "lint"}]


def test_a_group_of_the_teams_own_stays(project: Project) -> None:
    ours = BASE.replace("[tool.ruff]", "[tool.team]\nx = 1\n\n[tool.ruff]").replace(
        "dev = [", 'load = ["locust>=2"]\ndev = ['
    )

    done = project.update(ours, _bumped(BASE, pytest="9.0", ruff="0.9"))

    assert done.data["dependency-groups"]["load"] == ["locust>=2"]
    assert done.data["tool"]["team"] == {"x": 1}
    assert done.data["dependency-groups"]["lint"] == ["ruff>=0.9", "mypy>=1.0"]


def test_a_new_group_of_the_template_arrives(project: Project) -> None:
    theirs = BASE.replace("dev = [", 'docs = ["mkdocs>=1"]\ndev = [')

    done = project.update(_bumped(BASE, pytest="8.9", alpha="1.1"), theirs)

    assert done.data["dependency-groups"]["docs"] == ["mkdocs>=1"]


def test_optional_dependencies_and_the_build_system_are_merged_too(project: Project) -> None:
    more = (
        '[build-system]\nrequires = ["hatchling>=1.1"]\nbuild-backend = "hatchling.build"\n\n'
        '[project.optional-dependencies]\nfast = ["uvloop>=0.1"]\n\n'
    )
    base = BASE.replace("[dependency-groups]", more + "[dependency-groups]")
    project.base = base

    done = project.update(
        _bumped(base, hatchling="1.5", uvloop="0.2"),
        _bumped(base, hatchling="1.4", uvloop="0.3"),
    )

    assert done.data["build-system"]["requires"] == ["hatchling>=1.5"]
    assert done.data["project"]["optional-dependencies"]["fast"] == ["uvloop>=0.3"]


def test_line_ends_of_windows_stay(small: Clone, msgen: Command, tmp_path: Path) -> None:
    small.write(".gitattributes", "* -text\n")
    project = Project(small, msgen, tmp_path / "orders")
    ours = _bumped(BASE, alpha="1.5").replace('    "delta', '    "team>=1",\n    "delta')

    done = project.update(
        ours.replace("\n", "\r\n"), BASE.replace('    "epsilon', '    "new>=1",\n    "epsilon')
    )

    assert {"team>=1", "new>=1", "alpha>=1.5"} <= set(done.dependencies)
    assert done.text.count("\r\n") == done.text.count("\n")


@pytest.mark.parametrize(
    "broken", ['dependencies = [\n  "alpha>=1.5",\n', "[project\n", "\x00"]
)
def test_what_is_no_toml_is_left_to_git(project: Project, broken: str) -> None:
    ours = BASE.replace("[project]\n", broken).replace("alpha>=1.0", "alpha>=1.5")

    done = project.update(ours, _bumped(BASE, alpha="1.6"))

    assert done.code == 1
    assert done.said["conflicts"] == [FILE]
    assert "alpha>=1.5" in done.text


def test_requirements_that_nobody_can_read_are_left_alone(project: Project) -> None:
    ours = BASE.replace('    "delta', '    "not a requirement !",\n    "delta')

    done = project.update(ours, _bumped(BASE, alpha="1.6", delta="4.2"))

    assert "not a requirement !" in done.dependencies
    assert {"alpha>=1.6", "delta>=4.2"} <= set(done.dependencies)


def test_a_list_that_the_team_wrote_in_one_line_stays_a_list(project: Project) -> None:
    one_line = 'dependencies = ["alpha>=1.2", "delta>=4.0", "epsilon>=5.0", "team>=1"]'
    ours = re.sub(r"dependencies = \[\n.*?\n\]", one_line, BASE, count=1, flags=re.DOTALL)

    done = project.update(ours, _bumped(BASE, alpha="1.1", epsilon="5.3"))

    assert sorted(done.dependencies) == ["alpha>=1.2", "delta>=4.0", "epsilon>=5.3", "team>=1"]


def test_a_list_that_the_team_emptied_stays_so(project: Project) -> None:
    ours = re.sub(
        r"dependencies = \[\n.*?\n\]", "dependencies = []", BASE, count=1, flags=re.DOTALL
    )

    done = project.update(ours, _bumped(BASE, alpha="1.1"))

    assert done.dependencies == []


def test_dependencies_that_became_dynamic_stay_so(project: Project) -> None:
    dynamic = 'dynamic = ["dependencies"]'
    ours = re.sub(r"dependencies = \[\n.*?\n\]", dynamic, BASE, count=1, flags=re.DOTALL)

    done = project.update(ours, _bumped(BASE, ruff="0.7"))

    assert done.data["project"]["dynamic"] == ["dependencies"]
    assert done.data["dependency-groups"]["lint"] == ["ruff>=0.7", "mypy>=1.0"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(BASE, BASE), (_bumped(BASE, alpha="2"), BASE), (BASE, _bumped(BASE, alpha="2"))],
)
def test_harmonising_what_one_side_changed_gives_that_side(ours: str, theirs: str) -> None:
    merged = harmonised(Sides(BASE, ours, theirs))

    assert merged.ours == (ours if ours != BASE else theirs)
