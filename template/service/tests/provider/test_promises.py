"""Requests made up from a document are taken, and broken ones never break the simulator."""

from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from .conftest import KEY, Live

CHECKS = {
    GenerationMode.POSITIVE: [
        schemathesis.checks.not_a_server_error,
        checks.response_schema_conformance,
        checks.positive_data_acceptance,
    ],
    GenerationMode.NEGATIVE: [
        schemathesis.checks.not_a_server_error,
        checks.response_schema_conformance,
        checks.unsupported_method,
        checks.allow_header_conformance,
    ],
}


@pytest.fixture(scope="session")
def document(live_shop: Live) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{live_shop.url}/openapi.json")


@pytest.mark.parametrize("mode", CHECKS, ids=lambda mode: mode.value)
def test_the_document_is_kept(document: schemathesis.BaseSchema, mode: GenerationMode) -> None:
    operations = [found.ok() for found in document.get_all_operations() if isinstance(found, Ok)]

    for operation in operations:
        takes_something = operation.body or list(operation.iter_parameters())
        if mode is GenerationMode.NEGATIVE and not takes_something:
            continue  # nothing about the request can be wrong

        @hypothesis.settings(max_examples=20, deadline=None, database=None, derandomize=True)
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(headers=KEY, checks=CHECKS[mode])

        check()

    assert operations
