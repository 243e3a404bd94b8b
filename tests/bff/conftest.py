"""Backends for frontends before real services: two instances of orders, and a composite."""

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
    "SCREEN_SECONDS": "2.5",
}
"""Times in which a test can wait for a recovery."""


@dataclass
class Stage:
    """Who plays: the orders are the same at both instances, and all trust one key."""

    first: Running
    second: Running
    customers: Running
    boot: Boot
    generate: Generate

    @property
    def key(self) -> str:
        return str(self.first.service.path / "var/dev-key.pem")

    def front(self, kind: str, *orders: str, **settings: str) -> Running:
        """The service under test, with these instances of orders."""
        address = ",".join(orders or (self.first.url, self.second.url))
        given = {
            "ORDERS_URL": address,
            "HISTORY_URL": address,
            "CUSTOMER_URL": self.customers.url,
            "DEV_KEY_FILE": self.key,
            **settings,
        }
        service = self.generate("bff", name="front", client_kind=kind)
        return self.boot(service, **{f"{service.prefix}{name}": given[name] for name in given})

    def place(self, subject: str) -> str:
        token = self.first.token(subject=subject)
        placed = self.first.client(token).post("/orders", json=ORDER)
        assert placed.status_code == 201, placed.text
        return str(placed.json()["id"])


def asking(front: Running, subject: str = "alice") -> httpx2.Client:
    return front.client(front.token(scope="screens:read screens:write", subject=subject))


@pytest.fixture(scope="module")
def stage(
    everything: Environment, generate: Generate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with booting(everything, tmp_path_factory.mktemp("stage")) as boot:
        service = generate(name="orders")
        first = boot(service)
        second = boot(service, at=first.service.path)
        composite = generate("composite", name="customers")
        settings = {
            "ORDERS_URL": f"{first.url},{second.url}",
            "HISTORY_URL": f"{first.url},{second.url}",
            "DEV_KEY_FILE": str(first.service.path / "var/dev-key.pem"),
            "FRESH_SECONDS": "0",
        }
        named = {f"{composite.prefix}{name}": value for name, value in settings.items()}
        yield Stage(first, second, boot(composite, **named), boot, generate)
