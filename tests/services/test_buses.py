"""One contract, every bus: real brokers are cut off from services that are killed."""

import os
from pathlib import Path

import pytest

from tests.support.brokers import BROKERS
from tests.support.environment import Environment
from tests.support.rendering import Generate

CONTRACT = "tests/chassis/events/bus"


@pytest.mark.parametrize("broker", BROKERS)
def test_every_broker_keeps_the_contract_of_the_bus(
    generate: Generate, everything: Environment, tmp_path: Path, broker: str
) -> None:
    own = generate(broker=broker).copy(tmp_path / "service")

    with BROKERS[broker](tmp_path) as url:
        said = everything.passes(
            own,
            *("python", "-m", "pytest", "-q", CONTRACT, "-k", url.partition(":")[0]),
            extra={
                f"{own.prefix}TEST_BUS_URLS": url,
                f"{own.prefix}TEST_OUTAGE_SECONDS": "60" if "MSGEN_SOAK" in os.environ else "3",
            },
        )

    assert " passed" in said
    assert "skipped" not in said, said[-3000:]
