"""A real OpenID provider, from npm: installed once, run as a process."""

import fcntl
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from platformdirs import user_cache_path

from tests.support.environment import inherited
from tests.support.processes import free_port
from tests.support.servers import unavailable

VERSION = "9.13.3"
_SCRIPT = Path(__file__).with_name("openid-provider.mjs")
_SECONDS_TO_INSTALL = 300
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
    module = _installed() / "node_modules/oidc-provider/lib/index.js"
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


def _installed() -> Path:
    if not shutil.which("node") or not shutil.which("npm"):
        unavailable("`node` and `npm`, which the OpenID provider needs, are not both there")
    home = user_cache_path("msgen-tests", appauthor=False) / f"oidc-provider-{VERSION}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_name(f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "complete").is_file():
            shutil.rmtree(home, ignore_errors=True)
            _install(home)
            (home / "complete").touch()
    return home


def _install(home: Path) -> None:
    home.mkdir()
    (home / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    options = ("--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts")
    ran = subprocess.run(
        ["npm", "install", *options, f"oidc-provider@{VERSION}"],
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS_TO_INSTALL,
        check=False,
    )
    if ran.returncode:
        said = "; ".join(ran.stderr.splitlines()[:3])
        unavailable(f"`npm install oidc-provider@{VERSION}` failed: {said}")
