# Sealed: an update replaces this file.
"""The application of the tests of the chassis: the service, and routes of the tests' own."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from ..conftest import Settings
from .sample import application


@pytest.fixture(scope="session")
async def started(settings: Settings) -> AsyncIterator[FastAPI]:
    app = application(settings)
    async with app.router.lifespan_context(app):
        yield app
