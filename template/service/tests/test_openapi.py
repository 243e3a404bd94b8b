"""The OpenAPI document says what the service does: requests made up from it find no gap."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from .conftest import Live

schema = schemathesis.pytest.from_fixture("document")


@pytest.fixture(scope="session")
def document(live: Live) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{live.url}/openapi.json")


@pytest.fixture(scope="session")
def bearer(live: Live) -> dict[str, str]:
    return {"authorization": f"Bearer {live.token()}"}


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_document_is_true(case: schemathesis.Case, bearer: dict[str, str]) -> None:
    case.call_and_validate(headers=bearer, excluded_checks=[])
