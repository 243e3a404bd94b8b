"""`msgen diff`: what the team changed, and what an update would change."""

import pytest
from front_door import Command

from tests.support.history import Repo

EDGE = "src/orders_service/chassis/edge.py"
MAIN = "src/orders_service/main.py"
DOMAIN = "src/orders_service/orders/domain.py"


@pytest.mark.usefixtures("service")
def test_an_untouched_service_differs_in_nothing(msgen: Command) -> None:
    said = msgen("diff")

    assert (said.code, said.out, said.err) == (0, "", "no difference\n")


def test_changes_in_sealed_and_shared_files_are_shown(service: Repo, msgen: Command) -> None:
    service.append(EDGE, "# sealed, edited")
    service.append(MAIN, "# shared, edited")
    service.append(DOMAIN, "# ours")
    (service.folder / "alembic.ini").unlink()

    said = msgen("diff")

    assert "+# sealed, edited" in said.out
    assert "+# shared, edited" in said.out
    assert f"--- template/{EDGE}\n+++ yours/{EDGE}\n" in said.out
    assert "# ours" not in said.out
    assert "deleted file mode" in said.out


def test_a_file_that_is_named_is_shown_whoever_owns_it(service: Repo, msgen: Command) -> None:
    service.append(DOMAIN, "# ours")
    service.append(EDGE, "# sealed, edited")

    found = msgen("diff", "src/orders_service/orders", "--json").json["files"]

    assert [(each["path"], each["owner"]) for each in found] == [(DOMAIN, "yours")]


def test_what_an_update_would_change_is_what_it_changes(service: Repo, msgen: Command) -> None:
    service.append("README.md", "Ours.")
    service.commit()
    before = service.state()

    foreseen = msgen("diff", "--update", "--json").json
    unchanged = service.state() == before
    assert msgen("update", "--no-install").code == 0

    assert unchanged
    changed = {line[3:] for line in service.status}
    assert {each["path"] for each in foreseen["files"]} == changed


def test_files_of_the_team_that_the_template_has_newer_are_named_and_shown(
    service: Repo, msgen: Command
) -> None:
    service.append("README.md", "Ours.")
    service.commit()

    listed = msgen("diff", "--update")
    shown = msgen("diff", "--update", "README.md")

    assert "  README.md\n" in listed.err
    assert "updated/README.md" not in listed.out
    assert "--- now/README.md\n+++ updated/README.md\n" in shown.out
    assert "-Ours." in shown.out


def test_colours_are_for_terminals(service: Repo, msgen: Command) -> None:
    service.append(EDGE, "# edited")

    assert "\x1b[" not in msgen("diff").out
