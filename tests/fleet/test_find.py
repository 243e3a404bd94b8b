"""Which services a fleet has."""

from pathlib import Path

import pytest
from front_door import Command

from .fleets import states

ANSWERS = """\
_commit: v0.1.0
_src_path: https://git.example.org/msgen.git
name: {name}
_template_sha256: {sha}
"""


def lay(folder: Path, text: str = "") -> None:
    folder.mkdir(parents=True)
    answers = text or ANSWERS.format(name=folder.name, sha="0" * 64)
    (folder / ".copier-answers.yml").write_text(answers)


def found(msgen: Command, *roots: str) -> list[str]:
    """The places that the fleet has, by its JSON."""
    ran = msgen("fleet", "status", "--json", *roots)
    paths = [Path(row["path"]) for row in ran.json]
    return [path.relative_to(msgen.folder).as_posix() for path in paths]


def test_services_lie_at_any_depth_beside_each_other(msgen: Command) -> None:
    for place in ("orders", "teams/a/billing", "teams/a/stock", "teams/b/mail"):
        lay(msgen.folder / place)

    assert found(msgen) == ["orders", "teams/a/billing", "teams/a/stock", "teams/b/mail"]
    assert found(msgen, "teams/b", "orders") == ["orders", "teams/b/mail"]
    assert found(msgen, "teams", "teams/a", ".") == found(msgen)


@pytest.mark.parametrize("folder", [".git", ".venv", ".cache", "node_modules", "venv"])
def test_folders_of_tools_are_passed_over(msgen: Command, folder: str) -> None:
    lay(msgen.folder / "orders")
    lay(msgen.folder / folder / "inside")

    assert found(msgen) == ["orders"]


def test_what_lies_in_a_service_is_no_service_of_the_fleet(msgen: Command) -> None:
    lay(msgen.folder / "orders")
    lay(msgen.folder / "orders/examples/billing")

    assert found(msgen) == ["orders"]


def test_links_that_lead_in_circles_end(msgen: Command) -> None:
    lay(msgen.folder / "teams/orders")
    (msgen.folder / "teams/again").symlink_to(msgen.folder)
    (msgen.folder / "self").symlink_to("self")

    assert found(msgen) == ["teams/orders"]


def test_link_to_a_service_counts_once(msgen: Command) -> None:
    lay(msgen.folder / "real/orders")
    (msgen.folder / "links").mkdir()
    (msgen.folder / "links/orders").symlink_to(msgen.folder / "real/orders")

    assert found(msgen) == ["real/orders"]
    assert found(msgen, "links") == ["real/orders"]


def test_damaged_answers_file_is_a_row(msgen: Command) -> None:
    lay(msgen.folder / "bad", "name: [\n")
    lay(msgen.folder / "empty", "\n")

    ran = msgen("fleet", "status", "--json")

    assert states(ran) == {"bad": "damaged", "empty": "damaged"}
    assert [row["name"] for row in ran.json] == ["bad", "empty"]
    assert ran.code == 1
    assert "msgen recover" in ran.json[0]["hint"]


def test_service_outside_of_git_is_a_row(msgen: Command) -> None:
    lay(msgen.folder / "loose")

    ran = msgen("fleet", "status", "--json")

    assert states(ran) == {"loose": "failed"}
    assert "git init" in ran.json[0]["hint"]


def test_what_other_templates_made_is_left_out(msgen: Command) -> None:
    lay(msgen.folder / "docs", "_commit: 1.2.3\n_src_path: gh:acme/docs\nname: docs\n")
    lay(msgen.folder / "orders")

    ran = msgen("fleet", "status", "--json")

    assert states(ran) == {"orders": "failed"}
    assert "1 folder was made from other templates" in ran.err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["fleet", "status"], "there is no service in `.` or below"),
        (["fleet", "check", "nowhere"], "`nowhere` is no folder"),
        (["fleet", "update", "--canary", "odrers"], "no service of this fleet is called"),
        (["fleet", "update", "--to", "9.9"], "does not have the template version `9.9`"),
        (["fleet", "update", "--set", "tracin=no"], "no option named `tracin`"),
        (["fleet", "update", "--verify", ""], "`--verify` names no command"),
        (["fleet", "update", "--verify", "no-such-program"], "is not on the `PATH`"),
        (["fleet", "update", "--jobs", "0"], "greater than or equal to 1"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_starts(
    msgen: Command, words: list[str], error: str
) -> None:
    if "--canary" in words:
        lay(msgen.folder / "orders")

    ran = msgen(*words)

    assert ran.code == 2
    assert error in ran.err
    assert not ran.out
