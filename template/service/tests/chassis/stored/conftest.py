# Sealed: an update replaces this file.
"""The application of the tests of what is stored."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from ...conftest import Settings
from .sample import application


@pytest.fixture(scope="session")
async def started(settings: Settings) -> AsyncIterator[FastAPI]:
    app = application(settings)
    async with app.router.lifespan_context(app):
        yield app
