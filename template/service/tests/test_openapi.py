"""The OpenAPI document says what the service does: requests made up from it find no gap."""

from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from .conftest import NOT_OURS, Live


def no_fault_of_ours(_: Any, response: Any, __: Any) -> None:
    assert response.status_code < 500 or response.status_code in NOT_OURS


CHECKS = [
    no_fault_of_ours,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
    checks.allow_header_conformance,
]


@pytest.fixture(scope="session")
def document(live: Live) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{live.url}/openapi.json")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_document_is_true(
    document: schemathesis.BaseSchema, live: Live, mode: GenerationMode
) -> None:
    bearer = {"authorization": f"Bearer {live.token()}"}
    operations = [found.ok() for found in document.get_all_operations() if isinstance(found, Ok)]

    for operation in operations:

        @hypothesis.settings(max_examples=20, deadline=None, database=None)
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(headers=bearer, checks=CHECKS)

        check()

    assert operations
