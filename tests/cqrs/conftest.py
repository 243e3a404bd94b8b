"""Catalogues on a PostgreSQL of our own, which has a streaming replica."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from uuid import uuid4

import httpx2
import pytest

from tests.faults.postgres import Cluster, binaries
from tests.support.environment import Environment
from tests.support.processes import Boot, Running, booting
from tests.support.rendering import Generate, Service
from tests.support.servers import unavailable

from .standby import Standby

SCOPE = "catalogue:read catalogue:write"
_NUMBERS = count(1)


@dataclass
class Shop:
    """A running catalogue, and somebody who may do everything there."""

    running: Running
    client: httpx2.Client

    def publish(self, name: str = "Assam", category: str = "tea") -> httpx2.Response:
        given = {
            "sku": f"TEA-{next(_NUMBERS)}",
            "name": name,
            "category": category,
            "price": 450,
        }
        added = self.client.post("/products", json=given)
        assert added.status_code == 201, added.text
        return self.client.post(f"{added.headers['location']}/publish")

    def shown(self, after: httpx2.Response, *, waits: bool = True) -> httpx2.Response:
        token = {"consistency-token": after.headers["consistency-token"]}
        return self.client.get(
            f"/catalogue/{after.json()['id']}", headers=token if waits else None
        )

    def count(self, category: str) -> int:
        answer = self.client.get("/catalogue", params={"category": category, "limit": 1})
        assert answer.status_code == 200, answer.text
        return next(
            (
                each["count"]
                for each in answer.json()["categories"]
                if each["value"] == category
            ),
            0,
        )


Open = Callable[..., Shop]


@pytest.fixture(scope="module")
def primary() -> Iterator[Cluster]:
    if (found := binaries()) is None:
        unavailable("no PostgreSQL on this machine: `initdb` was not found")
    cluster = Cluster(found)
    cluster.start()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="module")
def standby(primary: Cluster) -> Iterator[Standby]:
    standby = Standby(primary)
    standby.start()
    yield standby
    standby.remove()


@pytest.fixture(scope="module")
def catalogue(generate: Generate) -> Service:
    return generate("cqrs", name="catalogue", broker="none")


@pytest.fixture(scope="module")
def cqrs_boot(
    everything: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Boot]:
    with booting(everything, tmp_path_factory.mktemp("catalogues")) as boot:
        yield boot


@pytest.fixture(scope="module")
def open_shop(catalogue: Service, cqrs_boot: Boot) -> Open:
    """`open_shop(READ_MODEL="replica", …)`; with `ready=""` it does not wait."""

    def start(*, ready: str = "/readyz", **settings: str) -> Shop:
        given = {f"{catalogue.prefix}{name}": settings[name] for name in settings}
        running = cqrs_boot(catalogue, ready=ready, **given)
        token = running.token(scope=SCOPE) if ready else None
        return Shop(running, running.client(token))

    return start


@pytest.fixture
def database(primary: Cluster) -> str:
    """An empty one on the primary."""
    return primary.database(f"shop_{uuid4().hex[:12]}")
