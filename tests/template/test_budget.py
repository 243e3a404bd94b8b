"""The readability budget: the rules that keep a template from rotting, counted."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest
from msgen.errors import UserError
from msgen.releases import Snapshot
from msgen.render import render
from packaging.requirements import Requirement

from tests.support import template
from tests.support.rendering import ROOT, TEMPLATE, Generate

PLAIN = re.compile(
    r"""(not )?[a-z_]+( \| default\((?:true|false)\))?( (==|!=) (["'])[\w.-]+\5)?"""
)
"""One name, or one comparison of a name with a word."""

SEAMS = {
    ".devcontainer/devcontainer.json",
    ".env.example",
    ".github/workflows/checks.yml",
    ".github/workflows/ci.yml",
    "CODEOWNERS",
    "Dockerfile",
    "LICENSE",
    "README.md",
    "compose.yaml",
    "docs/settings.md",
    "justfile",
    "pyproject.toml",
    "renovate.json",
    "src/*/__main__.py",
    "src/*/main.py",
    "src/*/orders/changes.py",
    "src/*/settings.py",
    "tests/conftest.py",
}
RENDERED_PYTHON = {
    "migrations/env.py",
    "src/*/__init__.py",
    "src/*/__main__.py",
    "src/*/main.py",
    "src/*/orders/changes.py",
    "src/*/screens/kind.py",
    "src/*/settings.py",
    "tests/*/conftest.py",
    "tests/conftest.py",
}
REQUIREMENTS = (TEMPLATE / "includes/requirements.txt").read_text(encoding="utf-8").splitlines()
TABLE = [line for line in REQUIREMENTS if line and not line.startswith("#")]
ALL_SOURCES = {
    "copier.yml": "\n".join(template.SNAPSHOT.config["_exclude"]),
    **{file: template.text(file) for file in template.rendered_files()},
}

every_file = pytest.mark.parametrize("file", template.files())
every_rendered_file = pytest.mark.parametrize("file", template.rendered_files())
every_literal_file = pytest.mark.parametrize("file", template.literal_files())
every_source = pytest.mark.parametrize("source", ALL_SOURCES)


@every_file
def test_file_names_hold_no_logic(file: str) -> None:
    plain = file.replace("{{ package }}", "package").replace(
        "{{ _copier_conf.answers_file }}", "answers"
    )

    assert not set("{}%|") & set(plain)


@every_rendered_file
def test_jinja_stands_only_where_something_is_rendered(file: str) -> None:
    source = template.text(file)

    assert template.EXPRESSION.search(source) or template.TAG.search(source)


@every_literal_file
def test_literal_files_ask_for_no_answer(file: str) -> None:
    names = "|".join(template.questions())

    assert not re.search(rf"\{{[{{%][^}}]*\b({names})\b", template.text(file))


def test_python_is_literal_but_for_a_handful_of_files() -> None:
    rendered = {template.output_name(file) for file in template.rendered_files()}

    found = {_of_any_slice(file) for file in rendered if file.endswith(".py")}
    assert found == RENDERED_PYTHON


def _of_any_slice(file: str) -> str:
    return re.sub(r"^tests/[\w/]+/conftest", "tests/*/conftest", file)


@every_rendered_file
def test_conditions_stand_in_seam_files_only(file: str) -> None:
    if template.conditions(template.text(file)):
        assert template.output_name(file) in SEAMS


@every_source
def test_conditions_are_one_name_or_one_comparison(source: str) -> None:
    for condition in template.conditions(ALL_SOURCES[source]):
        assert PLAIN.fullmatch(condition), f"derive a name for `{condition}`"


@every_source
def test_conditions_are_not_nested(source: str) -> None:
    assert template.deepest_if(ALL_SOURCES[source]) <= 1


def test_conditions_are_rare() -> None:
    count = sum(len(template.conditions(each)) for each in ALL_SOURCES.values())
    lines = sum(len(template.text(file).splitlines()) for file in template.files())

    assert count / lines < 0.01, f"{count} conditions in {lines} lines"


@every_source
def test_no_preset_is_known_by_name(source: str) -> None:
    names = "|".join(path.stem for path in (ROOT / "presets").glob("*.yml"))
    code = template.TAG.findall(ALL_SOURCES[source])
    code += template.EXPRESSION.findall(ALL_SOURCES[source])

    for piece in code:
        assert not re.search(rf"""["']({names})["']|\bpreset\b""", piece), piece


def test_plain_copier_needs_no_trust() -> None:
    wanting_trust = {"_tasks", "_jinja_extensions", "_migrations"}

    assert not wanting_trust & set(template.SNAPSHOT.config)


def test_undefined_names_are_errors() -> None:
    assert template.SNAPSHOT.config["_envops"]["undefined"] == "jinja2.StrictUndefined"


def test_table_of_versions_is_sorted_and_read_by_packaging_tools() -> None:
    parsed = [Requirement(line) for line in TABLE]

    assert [each.name for each in parsed] == sorted({each.name for each in parsed})
    assert all(each.specifier for each in parsed)


def test_every_version_stands_in_the_table() -> None:
    quoted = re.findall(r'^ *"([^"]+)",?$', template.text("pyproject.toml.jinja"), re.MULTILINE)

    assert not [item for item in quoted if re.search(r"[<>=~]=?\d", item)]


def test_every_dependency_of_the_table_is_used() -> None:
    used = set(re.findall(r'dep\("(.+?)"\)', "".join(ALL_SOURCES.values())))

    assert {Requirement(line).name for line in TABLE} == used


def test_requirement_lines_are_sorted(generate: Generate) -> None:
    pyproject = generate().text("pyproject.toml")
    tables = tomllib.loads(pyproject)

    for lines in (tables["project"]["dependencies"], *tables["dependency-groups"].values()):
        names = [Requirement(line).name for line in lines if isinstance(line, str)]
        assert names == sorted(names)


def test_unknown_dependency_fails_the_render(tmp_path: Path) -> None:
    shutil.copy(ROOT / "copier.yml", tmp_path)
    shutil.copytree(TEMPLATE, tmp_path / "template")
    pyproject = tmp_path / "template/service/pyproject.toml.jinja"
    wrong = pyproject.read_text(encoding="utf-8").replace('dep("fastapi")', 'dep("fastapj")')
    pyproject.write_text(wrong, encoding="utf-8")
    (tmp_path / "service").mkdir()

    with pytest.raises(UserError, match="unknown_dependency"):
        render(Snapshot(tmp_path, "0"), {"name": "orders"}, tmp_path / "service")
