"""The AsyncAPI documents of services, held against the official schema."""

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.support import npm
from tests.support.environment import Environment
from tests.support.rendering import Generate

VERSION = "6.11.1"
SERVICES = [("service", {"broker": "rabbitmq"}), ("saga-participant", {})]


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    folder = npm.installed("@asyncapi/specs", VERSION) / "schemas"
    schema = json.loads((folder / "3.0.0-without-$id.json").read_text(encoding="utf-8"))
    return Draft7Validator(schema)


@pytest.mark.parametrize(("preset", "answers"), SERVICES)
def test_the_document_is_valid(
    generate: Generate,
    everything: Environment,
    official: Draft7Validator,
    preset: str,
    answers: dict[str, Any],
) -> None:
    service = generate(preset, **answers)

    printed = everything.passes(service, "python", "-m", service.package, "events", "asyncapi")

    document = json.loads(printed)
    assert document["operations"]
    assert [error.message for error in official.iter_errors(document)] == []


def test_the_official_schema_sees_a_planted_fault(official: Draft7Validator) -> None:
    document = {"asyncapi": "3.0.0", "info": {"title": "a", "version": "1"}, "chanels": {}}

    assert not official.is_valid(document)
