"""Servers and programs that a machine may lack, and CI may not."""

import os
from typing import NoReturn

import pytest

REQUIRED = os.environ.get("MSGEN_REQUIRE_SERVERS") == "1"


def unavailable(what: str) -> NoReturn:
    """Skip the test; where CI promises to have everything, fail it."""
    if REQUIRED:
        pytest.fail(f"{what}, and `MSGEN_REQUIRE_SERVERS=1` insists", pytrace=False)
    pytest.skip(what)
