"""The service's own document, and documents that have something wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import PACKAGE, SHOP, config, document, engine, parts, settings


@pytest.fixture(scope="module")
def own() -> engine.Engine:
    given = settings.SliceSettings(_env_file=None)
    return parts.read(given)[0]


def test_every_operation_of_the_own_document_is_answered_or_named(own: engine.Engine) -> None:
    named = {gap.place for gap in engine.gaps(own)}

    for operation in own.operations.all:
        try:
            answer = own.answers.make(operation)
        except document.BadDocumentError:
            assert operation.place in named
        else:
            schema = answer.schema
            assert own.answers.fits(schema, answer.value) or (schema and schema.pointer in named)

    assert own.operations.all


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "neither JSON nor YAML"),
        ("swagger: '2.0'", "not an OpenAPI 3.0 or 3.1 document"),
        ("[]", "not an OpenAPI 3.0 or 3.1 document"),
        ("openapi: 3.2.0", "not an OpenAPI 3.0 or 3.1 document"),
    ],
)
def test_what_is_no_document_is_told_in_one_sentence(
    tmp_path: Path, content: str, told: str
) -> None:
    file = tmp_path / "openapi.yaml"
    file.write_text(content)

    with pytest.raises(document.BadDocumentError, match=told):
        document.load(file)


def test_a_missing_file_stops_the_start(tmp_path: Path) -> None:
    given = settings.SliceSettings(_env_file=None, provider_document=tmp_path / "none.yaml")

    with pytest.raises(config.BadConfigurationError, match=r"none\.yaml"):
        parts.assemble(given)


def test_yaml_is_read_as_json_would_be(tmp_path: Path) -> None:
    file = tmp_path / "openapi.yaml"
    file.write_text(
        "openapi: 3.1.0\ninfo: {version: 2026-01-01}\n"
        "paths: {/a: {get: {responses: {200: {description: on}}}}}\n"
    )

    source = document.load(file).source

    assert source["info"]["version"] == "2026-01-01"
    assert source["paths"]["/a"]["get"]["responses"] == {"200": {"description": "on"}}


def test_the_command_names_what_is_not_emulated_and_where(tmp_path: Path) -> None:
    gaps = {
        "get": "{responses: {200: {content: {application/xml: {schema: {type: object}}}}}}",
        "put": '{responses: {200: {$ref: "other.yaml#/x"}}}',
        "post": '{requestBody: {content: {application/json: {schema: {$ref: "#/none"}}}}}',
    }
    file = tmp_path / "openapi.yaml"
    file.write_text(
        "openapi: 3.1.0\npaths:\n  /a:\n"
        + "".join(f"    {method}: {operation}\n" for method, operation in gaps.items())
    )

    found = validate(str(file))
    fine = validate(str(SHOP))

    assert (found.returncode, fine.returncode) == (1, 0)
    for place in ("GET /a", "PUT /a", "POST /a"):
        assert place in found.stdout
    assert "`application/xml` is not made without an example" in found.stdout
    assert "`other.yaml#/x` lies outside the document" in found.stdout
    assert "9 operations" in fine.stdout


def validate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", PACKAGE, "provider", "validate", *arguments]
    return subprocess.run(command, text=True, capture_output=True, timeout=60)
