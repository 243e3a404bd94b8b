"""Live instances of the service, and the participants that they call."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from ..conftest import Database, Live
from .participants import World, serving

Json = dict[str, Any]
LARGE = 2000_00
ENDED = ("confirmed", "rejected", "cancelled")
# So that the tests need not wait as long as people do.
QUICK = {
    "sagas_dead_seconds": "1",
    "sagas_pause_seconds": "0.2",
    "sagas_stuck_seconds": "0.5",
    "circuit_failures": "1000",
    "call_retries": "0",
    "call_attempt_seconds": "0.5",
    "log_level": "INFO",
}


class Shop:
    """One instance; `tokens` of those who use it are good at all of them."""

    def __init__(self, live: Live, tokens: dict[str, str]) -> None:
        self.live, self._tokens = live, tokens
        self.http = httpx2.Client(base_url=live.url, timeout=10)

    def call(self, method: str, path: str, *, who: str = "alice", **options: Any) -> Any:
        if who not in self._tokens:
            scope = ["--scope", "checkouts:read checkouts:write"] if who == "alice" else []
            self._tokens[who] = self.live.token("--subject", who, *scope)
        headers = {"authorization": f"Bearer {self._tokens[who]}", **options.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **options)

    def place(self, sku: str = "TEA-1", price: int = 450, **options: Any) -> str:
        line = {"sku": sku, "quantity": 1, "unit_price": price}
        answer = self.call(
            "POST", "/checkouts", json={"currency": "EUR", "lines": [line]}, **options
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def read(self, checkout: str) -> Json:
        found: Json = self.call("GET", f"/checkouts/{checkout}", who="operator").json()
        return found

    def wish(self, checkout: str, wish: str) -> int:
        status: int = self.call("POST", f"/checkouts/{checkout}/{wish}", who="operator").status_code
        return status

    def until(self, checkout: str, *states: str, seconds: float = 20) -> Json:
        ends = time.monotonic() + seconds
        while (found := self.read(checkout))["state"] not in (states or ENDED):
            assert time.monotonic() < ends, found
            time.sleep(0.02)
        return found


def happened(checkout: Json) -> list[str]:
    return [f"{each['kind']} {each['name']} {each['state']}" for each in checkout["steps"]]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def participants(world: World) -> Iterator[str]:
    with serving(world) as url:
        yield url


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings of all instances."""
    return {**QUICK, "dev_key_file": str(tmp_path_factory.mktemp("keys") / "dev-key.pem")}


@pytest.fixture(scope="session")
def tokens() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def open_shop(
    launch: Callable[..., Live],
    new_database: Database,
    participants: str,
    common: dict[str, str],
    tokens: dict[str, str],
) -> Iterator[Callable[..., Shop]]:
    """`open_shop()`: one more instance on the database of the module; also settings by name."""
    shops: list[Shop] = []
    urls = {"stock_url": participants, "payments_url": participants}
    shared = {**common, **urls, "database_url": new_database()}

    def start(**settings: str) -> Shop:
        shops.append(Shop(launch(**{**shared, **settings}), tokens))
        return shops[-1]

    yield start
    for shop in shops:
        shop.http.close()
        shop.live.kill()


@pytest.fixture(scope="module")
def shop(open_shop: Callable[..., Shop]) -> Shop:
    return open_shop()


@pytest.fixture
def article() -> str:
    """An article of this test's own, so that what it makes of it is nobody else's."""
    return f"TEA-{uuid4().hex[:8].upper()}"
