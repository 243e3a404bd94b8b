"""A composite in front of two instances of a real service, which share a database and a key."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from tests.support.environment import Environment
from tests.support.processes import Boot, Running, booting
from tests.support.rendering import Generate

ORDER = {"currency": "EUR", "lines": [{"sku": "TEA-1", "quantity": 2, "unit_price": 450}]}
QUICK = {
    "CALL_ATTEMPT_SECONDS": "0.5",
    "CALL_SECONDS": "1.5",
    "CIRCUIT_SECONDS": "0.5",
    "FRESH_SECONDS": "0",
    "STALE_SECONDS": "0",
}
"""Times in which a test can wait for a recovery; nothing that was read is kept."""


@dataclass
class Stage:
    """Who plays: the orders are the same at both instances."""

    first: Running
    second: Running
    boot: Boot
    generate: Generate

    @property
    def key(self) -> str:
        return str(self.first.service.path / "var/dev-key.pem")

    def composite(self, *upstreams: str, **settings: str) -> Running:
        """The service under test; a composite of these upstreams."""
        address = ",".join(upstreams)
        given = {
            "ORDERS_URL": address,
            "HISTORY_URL": address,
            "DEV_KEY_FILE": self.key,
            **settings,
        }
        service = self.generate("composite", name="files")
        return self.boot(service, **{f"{service.prefix}{name}": given[name] for name in given})

    def place(self, subject: str) -> str:
        token = self.first.token(subject=subject)
        placed = self.first.client(token).post("/orders", json=ORDER)
        assert placed.status_code == 201, placed.text
        return str(placed.json()["id"])


def asking(composite: Running, subject: str = "alice") -> httpx2.Client:
    return composite.client(composite.token(scope="dossiers:read", subject=subject))


@pytest.fixture(scope="module")
def stage(
    everything: Environment, generate: Generate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with booting(everything, tmp_path_factory.mktemp("stage")) as boot:
        service = generate(name="orders")
        first = boot(service)
        yield Stage(first, boot(service, at=first.service.path), boot, generate)
