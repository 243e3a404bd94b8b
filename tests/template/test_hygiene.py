"""Every rendered file is tidy, whatever the answers."""

import re

import pytest
import yaml

from tests.support import answers
from tests.support.rendering import ROOT, Generate, Service

ROWS = answers.rows()
HOSTS = re.compile(r"\b(pypi|pythonhosted|npmjs|debian|docker)\.(org|com|io)\b")
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|X{3}|NotImplemented[E]rror)\b")


@pytest.fixture(params=range(len(ROWS)))
def variant(request: pytest.FixtureRequest, generate: Generate) -> Service:
    return generate(name="orders", **ROWS[request.param])


def test_files_end_in_one_newline(variant: Service) -> None:
    tidy = re.compile(r"(.*\S\n)?", re.DOTALL)

    assert [file for file in variant.files if not tidy.fullmatch(variant.text(file))] == []


def test_lines_have_no_trailing_blanks(variant: Service) -> None:
    blanks = re.compile(r"[ \t\r]$", re.MULTILINE)

    assert [file for file in variant.files if blanks.search(variant.text(file))] == []


def test_blank_lines_come_at_most_in_twos(variant: Service) -> None:
    assert [file for file in variant.files if "\n\n\n\n" in variant.text(file)] == []


def test_no_mark_is_left_unrendered(variant: Service) -> None:
    mark = re.compile(r"(?<!\$)\{\{(?!\{)|\{%|\{#|%\}|#\}")
    own = {"migrations/script.py.mako", "renovate.json", "justfile"}
    found = {file for file in variant.files if mark.search(_code(variant, file))}

    assert found - own == set()


def test_nothing_names_a_registry_or_this_machine(variant: Service) -> None:
    here = re.compile("|".join(map(re.escape, (str(ROOT), str(variant.path.parent)))))

    for file in variant.files:
        assert not HOSTS.search(variant.text(file)), file
        assert not here.search(variant.text(file)), file


def test_nothing_is_left_to_be_done(variant: Service) -> None:
    assert [file for file in variant.files if UNFINISHED.search(variant.text(file))] == []


def test_answers_file_records_every_answer_and_no_path(variant: Service) -> None:
    recorded = yaml.safe_load(variant.text(".copier-answers.yml"))
    kinds = ["client_kind"] if variant.answers["slice"] == "screens" else []
    asked = ["name", *answers.values(), *kinds]

    assert recorded.pop("_src_path").startswith("https://")
    assert re.fullmatch(r"[0-9a-f]{64}", recorded.pop("_template_sha256"))
    assert re.fullmatch(r"v\d+\.\d+\.\d+(\.dev\d+)?", recorded.pop("_commit"))
    assert recorded == {name: variant.answers[name] for name in asked}


def test_shell_scripts_are_executable(variant: Service) -> None:
    scripts = [file for file in variant.files if variant.text(file).startswith("#!")]

    assert all((variant.path / file).stat().st_mode & 0o111 for file in scripts)


def _code(service: Service, file: str) -> str:
    """Without the description, which may hold anything."""
    return service.text(file).replace(str(service.answers["description"]), "")
