"""Bodies larger than the memory that a gateway may take; a gigabyte in the soak."""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest

from tests.support.processes import Boot
from tests.support.rendering import Generate

from .test_drill import memory

CHUNK = b"x" * 65_536
COUNT = 16_000 if os.environ.get("MSGEN_SOAK") else 1_600
BYTES = COUNT * len(CHUNK)
ROUTES = """\
upstreams: {{site: {{address: "http://127.0.0.1:{port}"}}}}
routes:
  - {{name: all, prefix: /site, rewrite: /, upstream: site, public: true,
     max_body_bytes: 2000000000}}
"""


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        left = size = int(self.headers["content-length"])
        while left:
            left -= len(self.rfile.read(min(left, len(CHUNK))))
        self._begin(len(str(size)))
        self.wfile.write(str(size).encode())

    def do_GET(self) -> None:
        self._begin(BYTES)
        for _ in range(COUNT):
            self.wfile.write(CHUNK)

    def _begin(self, length: int) -> None:
        self.send_response(200)
        self.send_header("content-length", str(length))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def site() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_large_bodies_pass_both_ways_in_constant_memory(
    boots: Boot, generate: Generate, site: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("large") / "routes.yml"
    file.write_text(ROUTES.format(port=site), encoding="utf-8")
    gateway = generate("gateway", name="door")
    door = boots(gateway, **{f"{gateway.prefix}ROUTES_FILE": str(file)})

    with httpx2.Client(base_url=door.url, timeout=120) as client:
        client.post("/site/x", content=CHUNK)
        before = memory(door)
        headers = {"content-length": str(BYTES)}
        sent = client.post("/site/x", content=(CHUNK for _ in range(COUNT)), headers=headers)
        after_sending = memory(door)
        with client.stream("GET", "/site/x") as answer:
            received = sum(map(len, answer.iter_bytes()))

    assert (int(sent.text), received) == (BYTES, BYTES)
    assert after_sending - before < 10_000_000
    assert memory(door) - before < 10_000_000
