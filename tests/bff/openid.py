"""A real OpenID provider, from npm: installed once, run as a process."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.support import npm
from tests.support.environment import inherited
from tests.support.processes import free_port

VERSION = "9.13.3"
_SCRIPT = Path(__file__).with_name("openid-provider.mjs")
_SECONDS_TO_START = 60


@dataclass(frozen=True)
class OpenIdProvider:
    issuer: str
    log: Path

    def happened(self, event: str, **more: str) -> int:
        """How often, as its log has it."""
        lines = [
            json.loads(line) for line in self.log.read_text().splitlines() if line[:1] == "{"
        ]
        wanted = {"event": event, **more}
        return sum(wanted.items() <= line.items() for line in lines)


@contextmanager
def running(folder: Path, *, shop: str, seconds: int) -> Iterator[OpenIdProvider]:
    """For the service at `shop`; access tokens are good for `seconds`.

    By the name `localhost`, so that browsers see another site than 127.0.0.1.
    """
    module = npm.installed("oidc-provider", VERSION) / "lib/index.js"
    port = free_port()
    provider = OpenIdProvider(f"http://localhost:{port}", folder / "provider.log")
    options = {"issuer": provider.issuer, "port": port, "shop": shop, "seconds": seconds}
    with provider.log.open("wb") as log:
        process = subprocess.Popen(
            ["node", _SCRIPT, module.as_uri(), json.dumps(options)],
            env=inherited(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(provider, process)
        yield provider
    finally:
        process.kill()
        process.wait()


def _wait(provider: OpenIdProvider, process: subprocess.Popen[bytes]) -> None:
    url = f"{provider.issuer}/.well-known/openid-configuration"
    deadline = time.monotonic() + _SECONDS_TO_START
    while True:
        assert process.poll() is None, provider.log.read_text()
        assert time.monotonic() < deadline, provider.log.read_text()
        try:
            if httpx2.get(url).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
