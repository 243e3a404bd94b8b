# Sealed: an update replaces this file.
"""A stage for each test: a topic of its own, on every bus that there is."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ....conftest import Settings
from .brokers import reached
from .clearing import clear
from .support import URLS, Stage


@pytest.fixture(params=["embedded", *URLS], ids=lambda url: str(url).partition(":")[0])
def bus_url(request: pytest.FixtureRequest) -> str:
    url: str = request.param
    return url


@pytest.fixture
def leases(request: pytest.FixtureRequest, bus_url: str) -> Any:
    """The database in which the leases of brokers are."""
    if bus_url == "embedded":
        return None
    return request.getfixturevalue("started").state.database


@pytest.fixture
async def stage(
    bus_url: str, leases: Any, settings: Settings, tmp_path: Path
) -> AsyncIterator[Stage]:
    async with reached(bus_url, tmp_path) as broker:
        url = settings.database_url.get_secret_value() if leases else ""
        yield (stage := Stage(broker, leases, url, tmp_path))
    await clear(bus_url, stage.topic, stage.groups)
