"""Nobody makes the gateway ask a place that its operator did not name."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from ..conftest import Live
from .raw import exchange, statuses
from .upstream import Upstream
from .wild import Wild

ROUTES = """\
upstreams:
  found: {address: "file+http://FILE"}
routes:
  - {name: found, prefix: /found, rewrite: /, upstream: found, public: true, retries: 0}
"""
Serve = Callable[[str], Live]


@pytest.fixture
def serve(launch: Callable[..., Live], tmp_path: Path) -> Serve:
    """A gateway whose registry has this line."""

    def serve(line: str) -> Live:
        (tmp_path / "registry").write_text(f"{line}\n")
        file = tmp_path / "routes.yml"
        file.write_text(ROUTES.replace("FILE", str(tmp_path / "registry")))
        return launch(routes_file=str(file))

    return serve


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "0.0.0.0"],
)
def test_a_registry_cannot_name_an_address_that_no_service_has(serve: Serve, address: str) -> None:
    gateway = serve(f"{address}:80")

    assert httpx2.get(f"{gateway.url}/found/x").status_code == 503
    assert "an address that no service has" in gateway.log.read_text()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("0xa9fea9fe", "ClientConnectorDNSError"),
        ("0xa9.0376.169.254", "ClientConnectorDNSError"),
        ("2852039166", "InvalidUrlClientError"),
    ],
)
def test_a_name_that_leads_there_leads_nowhere(serve: Serve, name: str, why: str) -> None:
    gateway = serve(f"{name}:80")

    assert httpx2.get(f"{gateway.url}/found/x").status_code in (502, 503)
    assert f'"error":"{why}"' in gateway.log.read_text()


def test_loopback_and_private_networks_are_where_services_live(
    serve: Serve, upstream: Upstream
) -> None:
    gateway = serve(urlsplit(upstream.url).netloc)

    assert httpx2.get(f"{gateway.url}/found/x").json()["path"] == "/x"


@pytest.mark.parametrize(
    "target",
    [
        "http://THERE/open/x", "//THERE/x", "/open//THERE/x", "/open/http://THERE/x",
        "/open/@THERE/x", "/open@THERE/x", "@THERE/x", "/open/x?@THERE", "/open/%40THERE/x",
        "/open/\\THERE/x", "/open/x#@THERE", "/open/:80@THERE", "/ruled/.THERE",
    ],
)  # fmt: skip
def test_no_path_leads_to_another_host(gateway: Live, wild: Wild, target: str) -> None:
    there = urlsplit(wild.url).netloc
    before = wild.asked.total()
    line = f"GET {target.replace('THERE', there)} HTTP/1.1\r\n"

    received = exchange(gateway.url, f"{line}host: {there}\r\nconnection: close\r\n\r\n".encode())

    assert statuses(received)[0] in (200, 400, 404)
    assert wild.asked.total() == before
