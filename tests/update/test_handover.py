"""`msgen eject`, `msgen adopt`, `msgen set-source`."""

import pytest
from front_door import Command

from tests.support.history import Repo, contents

EDGE = "src/orders_service/chassis/edge.py"
SEALED = "# Sealed: an update replaces this file.\n"


def _edit_edge(service: Repo) -> None:
    service.replace(EDGE, "import asyncio\n", "import asyncio\nimport secrets\n")


def test_an_ejected_file_is_the_teams(service: Repo, msgen: Command) -> None:
    said = msgen("eject", EDGE)
    service.commit()
    _edit_edge(service)
    edited = service.text(EDGE)
    service.commit()

    checked = msgen("check", "--only", "content")
    updated = msgen("update", "--no-install", "--json")

    assert said.code == 0, said.err
    assert edited.startswith(
        "# Ejected from the template 0.1.0; `msgen adopt` gives it back.\n"
    )
    assert f"- {EDGE}@0.1.0" in service.text(".copier-answers.yml")
    assert checked.code == 0
    assert service.text(EDGE) == edited
    [verdict] = [f["verdict"] for f in updated.json[0]["files"] if f["path"] == EDGE]
    assert verdict == "ejected"


def test_an_ejected_file_that_nobody_edited_comes_back_as_if_nothing_had_been(
    service: Repo, msgen: Command
) -> None:
    before = contents(service.folder)
    msgen("eject", EDGE)
    service.commit()

    said = msgen("adopt", EDGE)

    assert said.code == 0, said.err
    assert contents(service.folder) == before


def test_adopting_merges_the_teams_changes_into_what_the_template_has_now(
    service: Repo, msgen: Command
) -> None:
    msgen("eject", EDGE)
    service.commit()
    _edit_edge(service)
    service.commit()
    msgen("update", "--no-install")
    service.commit()

    said = msgen("adopt", EDGE)

    assert said.code == 0, said.err
    assert service.text(EDGE).startswith(SEALED)
    assert "import secrets" in service.text(EDGE)
    assert "ejected" not in service.text(".copier-answers.yml")
    service.replace(EDGE, "import secrets\n", "")
    service.commit()
    assert msgen("check", "--only", "content").code == 0


def test_adopting_shows_a_conflict_where_both_changed_the_same(
    service: Repo, msgen: Command
) -> None:
    checks = ".github/workflows/checks.yml"
    msgen("eject", checks)
    service.commit()
    service.replace(checks, "a .netrc file.", "OUR file.")
    service.commit()
    msgen("update", "--no-install")
    service.commit()

    said = msgen("adopt", checks, "--json")

    if "the template's host" in msgen("diff", "--json").out:  # as long as it changed that line
        assert said.code in {0, 1}
    assert "OUR file." in service.text(checks)


def test_a_drifted_file_is_replaced(service: Repo, msgen: Command) -> None:
    original = service.text(EDGE)
    _edit_edge(service)
    service.commit()

    refused = msgen("adopt", EDGE)
    replaced = msgen("adopt", EDGE, "--replace")

    assert refused.code == 1
    assert "is not ejected" in refused.err
    assert "--replace" in refused.err
    assert replaced.code == 0, replaced.err
    assert service.text(EDGE) == original


def test_a_sealed_file_that_was_deleted_comes_back(service: Repo, msgen: Command) -> None:
    original = service.text(EDGE)
    service.git("rm", "--quiet", EDGE)
    service.commit()

    said = msgen("adopt", EDGE, "--replace")

    assert said.code == 0, said.err
    assert service.text(EDGE) == original


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("src/orders_service/orders/domain.py", "is yours already"),
        ("NEW.md", "is not from the template"),
        (".copier-answers.yml", "is written by commands"),
        ("docs/settings.md", "is written by commands"),
        ("../elsewhere.py", "is no service of msgen"),
    ],
)
def test_what_cannot_be_ejected_is_refused(
    service: Repo, msgen: Command, file: str, told: str
) -> None:
    before = service.state()

    said = msgen("eject", file)

    assert said.code in {1, 2}
    assert told in said.err
    assert service.state() == before


def test_ejecting_twice_is_told(service: Repo, msgen: Command) -> None:
    msgen("eject", EDGE)
    service.commit()

    said = msgen("eject", EDGE)

    assert said.code == 1
    assert "is ejected already, since 0.1.0" in said.err


def test_the_source_is_re_pointed_and_nothing_else(service: Repo, msgen: Command) -> None:
    before = service.text(".copier-answers.yml")

    said = msgen("set-source", "https://git.acme.example/platform/msgen.git")

    assert said.code == 0, said.err
    after = service.text(".copier-answers.yml")
    new = "_src_path: https://git.acme.example/platform/msgen.git\n"
    assert new in after
    assert after.replace(new, "") == "".join(
        line for line in before.splitlines(keepends=True) if not line.startswith("_src_path")
    )
    service.commit()
    assert msgen("update", "--no-install").code == 0
    assert new in service.text(".copier-answers.yml")


@pytest.mark.parametrize("url", ["https://me:secret@git.example.org/x.git", "not a url", ""])
def test_no_password_and_no_nonsense_is_recorded(
    service: Repo, msgen: Command, url: str
) -> None:
    before = service.state()

    said = msgen("set-source", url)

    assert said.code == 2
    assert "secret" not in said.err
    assert service.state() == before
