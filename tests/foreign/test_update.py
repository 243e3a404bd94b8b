"""Updates of services that were made from a template that is not ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from front_door import Command

from tests.foreign.conftest import Made
from tests.foreign.templates import CLASSIC, CLASSIC_2, Template
from tests.support.history import Repo, contents


@pytest.fixture
def shop(made: Made, template: Template) -> Repo:
    """A service of the first of two releases; `msgen` runs in its folder."""
    template.write(CLASSIC, "v1.0.0").write(CLASSIC_2, "v2.0.0")
    return made(f"{template.url}@v1.0.0")


def _copier_update(service: Path, *words: str) -> None:
    copier = Path(sys.executable).with_name("copier")
    ran = subprocess.run(
        [copier, "update", "--defaults", *words],
        cwd=service, capture_output=True, text=True, check=False,
        env={**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
             "COPIER_CACHE_DIR": str(service.parent / "copier-cache")},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr


def test_edits_are_kept_and_follow_a_renamed_file(shop: Repo, msgen: Command) -> None:
    shop.replace("src/old_name.py", "line_3 = 3", "line_3 = 33")
    shop.replace("src/words.py", "LOUD = False", "LOUD = True")
    shop.write("config/local.ini", "[local]\nport = 7\n")
    shop.commit()

    ran = msgen("update", "--json")

    assert ran.code == 0, ran.err
    [told] = ran.json
    assert (told["status"], told["to"]["version"]) == ("done", "2.0.0")
    assert "line_3 = 33" in shop.text("src/new_name.py")
    assert "line_20 = 20" in shop.text("src/new_name.py")
    assert not shop.has("src/old_name.py")
    assert "LOUD = True" in shop.text("src/words.py")
    assert "port = 7" in shop.text("config/local.ini")
    assert "_commit: v2.0.0" in shop.text(".copier-answers.yml")
    assert {each["owner"] for each in told["files"]} == {"shared"}


def test_it_is_the_tree_that_copier_makes_of_it(shop: Repo, msgen: Command) -> None:
    shop.replace("src/words.py", "LOUD = False", "LOUD = True")
    shop.replace("README.md", "One.", "One, in our words.")
    shop.commit()
    theirs = shop.copy(shop.folder.parent / "theirs" / "shop")

    ran = msgen("update")
    _copier_update(theirs.folder)

    assert ran.code == 0, ran.err
    assert contents(shop.folder) == contents(theirs.folder)


def test_copier_takes_over_where_msgen_stopped(shop: Repo, msgen: Command) -> None:
    assert msgen("update", "--set", "colour=red").code == 0
    shop.commit()

    _copier_update(shop.folder)

    assert shop.status == []
    assert "colour: red" in shop.text(".copier-answers.yml")


def test_both_sides_of_a_conflict_are_there(shop: Repo, msgen: Command) -> None:
    shop.replace("README.md", "Three.", "Three, and ours.")
    shop.commit()

    ran = msgen("update")

    assert ran.code == 1
    assert list(shop.unmerged) == ["README.md"]
    assert msgen("update", "--abort").code == 0
    assert shop.status == []


def test_it_goes_to_a_branch_and_never_back(
    shop: Repo, msgen: Command, template: Template
) -> None:
    template.repo.git("switch", "--quiet", "--create", "feature/x")
    template.write({"project/src/added.py": "ADDED = 'by a branch'\n"})

    ran = msgen("update", "--to", "feature/x")
    shop.commit()
    back, stays = msgen("update", "--to", "v1.0.0"), msgen("update")

    assert ran.code == 0, ran.err
    assert "_commit: v2.0.0-1-g" in shop.text(".copier-answers.yml")
    assert "by a branch" in shop.text("src/added.py")
    assert back.code == 2
    assert "newer than v1.0.0" in back.err
    assert (stays.code, "is up to date" in stays.out) == (0, True)


def test_versions_need_not_be_numbers(made: Made, msgen: Command, template: Template) -> None:
    template.write(CLASSIC, "spring/one").write(CLASSIC_2, "autumn/two")
    shop = made(f"{template.url}@spring/one")

    ran = msgen("update")

    assert ran.code == 0, ran.err
    assert "_commit: autumn/two" in shop.text(".copier-answers.yml")


def test_what_is_written_once_stays_whenever_that_was_said(
    shop: Repo, msgen: Command, template: Template
) -> None:
    questions = CLASSIC_2["copier.yml"] or ""
    said = questions.replace("  - config/local.ini\n", "  - README.md\n")
    template.write({"copier.yml": said, "project/README.md.jinja": "# New\n"}, "v3")
    before = shop.text("README.md"), shop.text("config/local.ini")

    ran = msgen("update")

    assert ran.code == 0, ran.err
    assert (shop.text("README.md"), shop.text("config/local.ini")) == before


@pytest.mark.parametrize("by", ["url", "path"])
def test_what_was_fetched_does_without_a_connection(
    made: Made, msgen: Command, template: Template, by: str
) -> None:
    template.write(CLASSIC, "v1.0.0").write(CLASSIC_2, "v2.0.0")
    shop = made(f"{getattr(template, by)}@v1.0.0")
    template.goes_away()

    ran = msgen("update")

    assert ran.code == 0, ran.err
    assert "going by what was fetched before" in ran.err
    assert "_commit: v2.0.0" in shop.text(".copier-answers.yml")


def test_a_template_that_was_never_fetched_here_is_told(
    shop: Repo, msgen: Command, template: Template, tmp_path: Path
) -> None:
    template.goes_away()
    msgen.env["MSGEN_CACHE"] = str(tmp_path / "another-cache")

    ran = msgen("update")

    assert ran.code == 1
    assert f"the template `{template.url}` is no git repository" in ran.err
    assert shop.status == []


def test_a_version_that_is_gone_is_told(
    made: Made, msgen: Command, template: Template, tmp_path: Path
) -> None:
    template.write(CLASSIC, "v1").write(CLASSIC_2)
    made(f"{template.url}@v1")
    template.repo.git("tag", "--delete", "v1")
    msgen.env["MSGEN_CACHE"] = str(tmp_path / "another-cache")

    ran = msgen("update")

    assert ran.code == 1
    assert "has no `v1` any more, which the service records" in ran.err


def test_a_new_question_without_default_has_to_be_answered(
    shop: Repo, msgen: Command, template: Template
) -> None:
    asked = f"{CLASSIC_2['copier.yml']}owner:\n  type: str\n"
    template.write({"copier.yml": asked}, "v3")

    refused = msgen("update")
    done = msgen("update", "--set", "owner=us")

    assert (refused.code, "`owner` has no answer and no default" in refused.err) == (2, True)
    assert done.code == 0, done.err
    assert "owner: us" in shop.text(".copier-answers.yml")


def test_an_answer_that_is_none_any_more_can_be_replaced(
    shop: Repo, msgen: Command, template: Template
) -> None:
    asked = (CLASSIC_2["copier.yml"] or "").replace("[hello, ahoy]", "[hi, ahoy]")
    template.write({"copier.yml": asked.replace("default: hello", "default: hi")}, "v3")

    refused, done = msgen("update"), msgen("update", "--set", "greeting=hi")

    assert refused.code == 1
    assert "`greeting` cannot be `hello`" in refused.err
    assert done.code == 0, done.err
    assert 'GREETING = "hi"' in shop.text("src/words.py")
