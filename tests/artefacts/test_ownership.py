"""Every file of a service has one owner, and says so where it can."""

from pathlib import Path
from typing import Any

import pathspec
import pytest
import yaml

from tests.support.rendering import TEMPLATE
from tests.support.template import questions

GROUPS = ("derived", "sealed", "shared", "yours")


@pytest.fixture(scope="session")
def table() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((TEMPLATE / "ownership.yml").read_text())
    return found


@pytest.fixture(scope="session")
def files(service: Path) -> set[str]:
    return {
        path.relative_to(service).as_posix() for path in service.rglob("*") if path.is_file()
    }


def test_table_has_a_version_the_four_groups_in_order_and_what_goes_together(
    table: dict[str, Any],
) -> None:
    assert list(table) == ["version", *GROUPS, "together", "tables"]
    assert table["version"] == 1


def test_every_file_has_an_owner(table: dict[str, Any], files: set[str]) -> None:
    rules = [rule for group in GROUPS for rule in table[group]]

    owned = set(pathspec.GitIgnoreSpec.from_lines(rules).match_files(files))

    assert files - owned == set()


def test_no_file_is_derived_or_sealed_and_shared(
    table: dict[str, Any], files: set[str]
) -> None:
    strict = [
        set(pathspec.GitIgnoreSpec.from_lines(table[group]).match_files(files))
        for group in GROUPS[:3]
    ]

    assert sum(map(len, strict)) == len(set.union(*strict))


def test_every_rule_names_a_file_of_the_template(
    table: dict[str, Any], files: set[str]
) -> None:
    not_here = {"/schemas/", "/uv.lock"}  # with events only; made later
    idle = {
        rule
        for group in GROUPS
        for rule in table[group]
        if not any(pathspec.GitIgnoreSpec.from_lines([rule]).match_files(files))
    }

    assert idle == not_here


def test_features_with_tables_have_an_option_that_is_off_by_default(
    table: dict[str, Any],
) -> None:
    asked = questions()

    assert table["tables"]
    assert {asked[feature]["default"] for feature in table["tables"]} == {False, "none"}


@pytest.mark.parametrize("group", ["sealed", "shared"])
def test_files_of_the_template_say_so_in_their_first_line(
    service: Path, table: dict[str, Any], files: set[str], group: str
) -> None:
    rules = pathspec.GitIgnoreSpec.from_lines(table[group])
    first = {
        file: (service / file).read_text().partition("\n")[0]
        for file in rules.match_files(files - {".copier-answers.yml"})
    }

    assert [file for file, line in first.items() if group.capitalize() + ":" not in line] == []
