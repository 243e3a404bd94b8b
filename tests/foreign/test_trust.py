"""Nothing of a template runs before somebody has said that it may."""

from collections.abc import Callable
from pathlib import Path

import pytest
from front_door import Command, listing

from tests.foreign.conftest import Made
from tests.foreign.templates import CLASSIC, EAGER, EXTENSION, Template


@pytest.fixture
def marker(msgen: Command, tmp_path: Path) -> Path:
    """What the eager template writes as soon as anything of it runs."""
    marker = tmp_path / "marker"
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/eager_extension.py").write_text(EXTENSION.format(marker=marker))
    msgen.env["PYTHONPATH"] = str(tmp_path / "lib")
    return marker


@pytest.fixture
def eager(template: Template, marker: Path) -> Template:
    """Its first release."""
    asked = EAGER["copier.yml"].format(marker=marker)
    return template.write({**EAGER, "copier.yml": asked}, "v1")


@pytest.fixture
def calm_then_eager(template: Template, marker: Path) -> Template:
    """A template that wants to run programs since its second release only."""
    template.write(CLASSIC, "v1")
    asked = CLASSIC["copier.yml"] + f'_tasks: ["echo ran >> {marker}"]\n'
    return template.write({"copier.yml": asked}, "v2")


@pytest.mark.parametrize("words", [(), ("--dry-run",), ("--explain", "--set", "word=x")])
def test_nothing_runs_unasked(
    msgen: Command, eager: Template, marker: Path, words: tuple[str, ...]
) -> None:
    ran = msgen("new", "shop", "--template", eager.url, *words)

    assert ran.code == 1
    assert f"run `echo ran >> {marker}`"[:50] in ran.err
    assert (
        "`touch made-by-a-task.txt` and to load the code of `eager_extension.Eager`" in ran.err
    )
    assert "--trust" in ran.err
    assert not marker.exists()
    assert listing(msgen.folder) == []


def test_an_update_to_a_version_that_wants_more_runs_nothing_unasked(
    msgen: Command, made: Made, calm_then_eager: Template, marker: Path
) -> None:
    shop = made(f"{calm_then_eager.url}@v1")

    refused = msgen("update")
    untouched = shop.status == [] and not marker.exists()
    allowed = msgen("update", "--trust")

    assert refused.code == 1
    assert "at `v2` wants to run" in refused.err
    assert untouched
    assert allowed.code == 0, allowed.err
    assert marker.read_text() == "ran\n"


def test_an_update_from_a_version_that_wants_more_runs_nothing_unasked(
    msgen: Command, made: Made, calm_then_eager: Template, marker: Path
) -> None:
    shop = made(calm_then_eager.url, "shop", "--trust")
    calm_then_eager.write({"copier.yml": CLASSIC["copier.yml"]}, "v3")
    marker.unlink()

    commands = (("update",), ("diff",), ("set", "greeting=ahoy"), ("check",))
    refused = [msgen(*command) for command in commands]

    for ran in refused[:3]:
        assert ran.code == 1
        assert "at `v2` wants to run" in ran.err
    assert "Traceback" not in refused[-1].err
    assert shop.status == []
    assert not marker.exists()


def test_with_trust_tasks_and_extensions_work(
    msgen: Command, made: Made, eager: Template, marker: Path
) -> None:
    preview = msgen("new", "other", "--template", eager.url, "--trust", "--dry-run")
    seen = marker.read_text()
    shop = made(eager.url, "shop", "--trust")

    assert preview.code == 0
    assert "ran" not in seen, "a preview runs no task"
    assert shop.text("out.txt") == "HI\n"
    assert shop.has("made-by-a-task.txt")
    assert shop.status == []
    assert marker.read_text().count("ran\n") == 1


def test_trust_may_be_configured_by_prefix(
    msgen: Command, eager: Template, configure: Callable[[str], Path]
) -> None:
    words = ("new", "shop", "--template", eager.url, "--no-git", "--no-install")
    configure(f'trusted = ["{eager.url[:-2]}"]\n')
    cut_short = msgen(*words)
    configure(f'trusted = ["{eager.url.rpartition("/")[0]}/"]\n')
    below = msgen(*words)

    assert cut_short.code == 1, "only a slash makes it a prefix"
    assert below.code == 0, below.err


def test_what_tasks_leave_behind_is_no_part_of_an_update(
    msgen: Command, made: Made, template: Template
) -> None:
    tasks = (
        '_tasks: ["git init -q; mkdir .venv", "echo x > .venv/file", "echo made > made.txt"]\n'
    )
    files = {**CLASSIC, "copier.yml": CLASSIC["copier.yml"] + tasks}
    template.write({**files, "project/.gitignore": ".venv\n"}, "v1")
    shop = made(template.url, "shop", "--trust", "--no-git")
    shop.commit()
    template.write({"project/src/words.py.jinja": "CHANGED = True\n"}, "v2")

    ran = msgen("update", "--trust", "--json")

    assert ran.code == 0, ran.err
    assert shop.status == ["M  .copier-answers.yml", "M  src/words.py"]
    assert shop.text("made.txt") == "made\n"


def test_a_failing_task_leaves_nothing(msgen: Command, template: Template) -> None:
    template.write({"copier.yml": '_tasks: ["exit 3"]\n', "out.txt": "x"}, "v1")

    ran = msgen("new", "shop", "--template", template.url, "--trust")

    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert listing(msgen.folder) == []


def test_what_tasks_print_is_no_result(msgen: Command, template: Template) -> None:
    template.write({"copier.yml": '_tasks: ["echo chatter"]\n', "out.txt": "x"}, "v1")

    ran = msgen("new", "shop", "--template", template.url, "--trust", "--json", "--no-git")

    assert ran.json["files"] == ["out.txt"]
    assert "chatter" in ran.err


def test_a_migration_is_left_to_copier(
    msgen: Command, made: Made, template: Template, marker: Path
) -> None:
    template.write(CLASSIC, "v1.0.0")
    shop = made(template.url)
    steps = f'_migrations: [{{version: v2.0.0, command: "echo ran >> {marker}"}}]\n'
    template.write({"copier.yml": CLASSIC["copier.yml"] + steps}, "v2.0.0")
    template.write({"project/more.txt": "more\n"}, "v2.1.0")

    refused = msgen("update", "--trust")
    shop.replace(".copier-answers.yml", "v1.0.0", "v2.0.0")
    shop.commit("By Copier")
    done = msgen("update")

    assert refused.code == 1
    assert "has a migration from `v1.0.0` to `v2.1.0`" in refused.err
    assert "copier update --trust --vcs-ref v2.1.0" in refused.err
    assert not marker.exists()
    assert done.code == 0, done.err
