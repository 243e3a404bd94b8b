"""What the service tells and receives is what `schemas/events` says."""

import pytest
from fastapi import FastAPI

from .conftest import ROOT, Settings, events

pytestmark = pytest.mark.anyio
FOLDER = ROOT / events.schemas.FOLDER


async def test_the_folder_of_schemas_is_true(started: FastAPI) -> None:
    found = list(events.schemas.findings(events.schemas.contracts(started), FOLDER))

    assert found == [], f"`{Settings.service} events check` says more"


async def test_the_asyncapi_document_names_every_event(started: FastAPI) -> None:
    contracts = events.schemas.contracts(started)

    document = events.asyncapi.document(contracts, title=Settings.service, version="1")

    assert list(document["components"]["messages"]) == [each.type for each in contracts]
