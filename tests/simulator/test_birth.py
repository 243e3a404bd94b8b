"""`--set openapi=FILE`: taken in at birth, and the team's own from then on."""

import json
from pathlib import Path

import pytest

from tests.cli.front_door import Command

DOCUMENT = {"openapi": "3.0.3", "info": {"title": "Mine", "version": "1"}, "paths": {}}
QUIET = ("--no-install", "--no-git", "--yes")
PROVIDER = "payments/src/payments_service/provider"


@pytest.fixture
def msgen(tmp_path: Path) -> Command:
    (tmp_path / "home").mkdir()
    return Command(tmp_path, tmp_path / "home")


def new(msgen: Command, file: Path, *more: str, preset: str = "simulator") -> tuple[int, str]:
    ran = msgen("new", "payments", "-p", preset, "--set", f"openapi={file}", *QUIET, *more)
    return ran.code, ran.err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mine.json", json.dumps(DOCUMENT)),
        ("mine.yaml", "openapi: 3.1.0\ninfo: {title: Mine, version: '1'}\npaths: {}\n"),
    ],
)
def test_the_document_takes_the_place_of_the_sample(
    msgen: Command, tmp_path: Path, name: str, text: str
) -> None:
    file = tmp_path / name
    file.write_text(text)

    code, said = new(msgen, file)

    assert code == 0, said
    documents = sorted(tmp_path.joinpath(PROVIDER).glob("openapi.*"))
    assert [each.name for each in documents] == [f"openapi{file.suffix}"]
    assert documents[0].read_text() == text
    assert "createPayment" not in tmp_path.joinpath(PROVIDER, "scenarios.yml").read_text()


def test_no_path_of_this_machine_gets_into_the_service(msgen: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(DOCUMENT))

    new(msgen, file)

    service = tmp_path / "payments"
    texts = [path.read_bytes() for path in service.rglob("*") if path.is_file()]
    assert not any(str(tmp_path).encode() in text for text in texts)
    assert "openapi" not in service.joinpath(".copier-answers.yml").read_text()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot be read: no such file"),
        ("{", "is neither JSON nor YAML"),
        ("a: [", "is neither JSON nor YAML"),
        ('{"swagger": "2.0"}', "is no OpenAPI document"),
        ("openapi: 3.2.0\npaths: {}\n", "is OpenAPI 3.2.0"),
        ("[]", "is no OpenAPI document"),
    ],
)
def test_what_is_no_document_is_refused_before_anything_is_written(
    msgen: Command, tmp_path: Path, text: str | None, told: str
) -> None:
    file = tmp_path / "mine.yaml"
    if text is not None:
        file.write_text(text)

    code, said = new(msgen, file)

    assert code == 2
    assert told in said
    assert "Traceback" not in said
    assert not (tmp_path / "payments").exists()


def test_a_preset_without_a_provider_takes_no_document(msgen: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(DOCUMENT))

    code, said = new(msgen, file, preset="service")

    assert code == 2
    assert "only the slice `provider` emulates a document" in said


def test_it_is_taken_at_birth_only(msgen: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(DOCUMENT))
    new(msgen, file)
    msgen.folder = tmp_path / "payments"

    changed = msgen("set", f"openapi={file}")

    assert changed.code == 2
    assert "is taken once" in changed.err


def test_an_update_leaves_the_document_alone(msgen: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(DOCUMENT))
    given = ("--set", f"openapi={file}", "--no-install", "--yes")
    msgen("new", "payments", "-p", "simulator", *given)
    msgen.folder = tmp_path / "payments"

    checked = msgen("check")
    changed = msgen("set", "licence=MIT", "--no-install", "--yes")

    assert (checked.code, changed.code) == (0, 0), checked.err + changed.err
    kept = tmp_path / PROVIDER / "openapi.json"
    assert kept.read_text() == file.read_text()
    assert not kept.with_suffix(".yaml").exists()
