"""Requests per second, latency, CPU, memory and start of a service, beside a ceiling.

uv run python benchmarks/service.py
"""

import argparse
import contextlib
import http.client
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import rig

ORDER = {
    "currency": "EUR",
    "lines": [
        {"sku": "TEA-1", "quantity": 2, "unit_price": 450},
        {"sku": "CUP-7", "quantity": 1, "unit_price": 1290},
    ],
    "note": "leave it at the door",
}
PREFIX = "BENCH_SERVICE_"
CEILING = "ceiling, token cache"
LOADS = ("health", "get by id", "list of 20", "post")


@dataclass
class Variant:
    """One server under test, and what was measured of it, a value a round."""

    name: str
    start: Callable[[], contextlib.AbstractContextManager[rig.Server]]
    ids: list[str]
    measured: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def loads(self, tokens: Mapping[str, str]) -> dict[str, rig.Load]:
        """Reads are of one customer's orders, writes are another's: lists do not grow."""
        reader, writer = tokens["reader"], tokens["writer"]
        body = json.dumps(ORDER)
        return {
            "health": rig.Load("GET", "-", ["/livez"]),
            "get by id": rig.Load("GET", reader, [f"/orders/{order}" for order in self.ids]),
            "list of 20": rig.Load("GET", reader, ["/orders?limit=20"]),
            "post": rig.Load("POST", writer, ["/orders"], body),
        }


def main() -> None:
    """Measure, and print the tables."""
    options = _options()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        service = options.service or _generated(folder)
        bench = Bench(service.resolve(), folder, stack, postgresql=options.postgresql)
        variants = [v for v in bench.variants() if options.only in v.name]
        for variant in rig.rounds(options.rounds, variants, "starts"):
            bench.measure_start(variant)
        running = {v.name: stack.enter_context(v.start()) for v in variants}
        cells = [(load, variant) for load in LOADS for variant in variants]
        for load, variant in rig.rounds(options.rounds, cells, "loads"):
            bench.measure_load(variant, running[variant.name], load, seconds=options.seconds)
    print(report(variants), end="")


class Bench:
    """The issuer, the databases, and the servers over them."""

    def __init__(
        self,
        service: Path,
        folder: Path,
        stack: contextlib.ExitStack,
        *,
        postgresql: str | None,
    ) -> None:
        self._service, self._folder, self._stack = service, folder, stack
        self._bin = service / ".venv/bin"
        self._issuer = stack.enter_context(_issuer(self._bin / "python", folder))
        self._postgresql = postgresql or stack.enter_context(rig.postgresql(folder))

    def variants(self) -> list[Variant]:
        """All of them, over databases with the same 500 orders."""
        sqlite = f"sqlite:///{self._folder}/bench.db"
        ids = {url: self._prepared(url) for url in (self._postgresql, sqlite)}

        def variant(name: str, url: str, start: Callable[..., Iterator[rig.Server]]) -> Variant:
            managed = contextlib.contextmanager(start)
            return Variant(name, lambda: managed(url, name), ids[url])

        return [
            variant("ceiling, PyJWT on each request", self._postgresql, self._ceiling),
            variant(CEILING, self._postgresql, self._ceiling),
            variant("service, PostgreSQL", self._postgresql, self._running),
            variant("service, SQLite", sqlite, self._running),
        ]

    def measure_start(self, variant: Variant) -> None:
        """Start it alone, and see what it holds after a second of every load."""
        with variant.start() as server:
            for load in variant.loads(self._issuer["tokens"]).values():
                load.run(server.port, seconds=1)
            variant.measured["start"].append(server.seconds)
            variant.measured["memory"].append(server.megabytes())

    def measure_load(
        self, variant: Variant, server: rig.Server, name: str, *, seconds: int
    ) -> None:
        """The others wait meanwhile: what they are compared with ran moments before."""
        before = server.cpu_seconds()
        result = variant.loads(self._issuer["tokens"])[name].run(server.port, seconds=seconds)
        cpu = server.cpu_seconds() - before
        values = variant.measured
        values[f"{name} rate"].append(result["requests"] / result["seconds"])
        values[f"{name} p99"].append(result["p99_ms"])
        values[f"{name} cpu"].append(cpu * 1e6 / result["requests"])

    def _running(self, url: str, name: str) -> Iterator[rig.Server]:
        port = rig.free_port()
        with rig.serving(
            [str(self._bin / "bench-service"), "serve", "--port", str(port)],
            port=port,
            folder=self._service,
            environment=self._settings(url),
            log=self._folder / f"{name}.log",
        ) as server:
            yield server

    def _settings(self, url: str) -> dict[str, str]:
        settings = {
            "ENVIRONMENT": "production",
            "DATABASE_URL": url,
            "ALLOW_SQLITE": "true",
            "AUTH_JWKS_URL": self._issuer["url"],
            "AUTH_ISSUER": self._issuer["issuer"],
            "AUTH_AUDIENCE": self._issuer["audience"],
            "DRAIN_SECONDS": "0",
        }
        return {PREFIX + k: v for k, v in settings.items()} | self._trust()

    def _trust(self) -> dict[str, str]:
        return {"SSL_CERT_FILE": str(self._folder / "ca.pem")}

    def _ceiling(self, url: str, name: str) -> Iterator[rig.Server]:
        port = rig.free_port()
        own = ["--app-dir", str(rig.HERE), "ceiling:app", "--port", str(port)]
        same = ["--loop", "uvloop", "--http", "httptools", "--no-access-log"]
        environment = {
            "DATABASE_URL": url,
            "JWKS_URL": self._issuer["url"],
            "ISSUER": self._issuer["issuer"],
            "AUDIENCE": self._issuer["audience"],
            "TOKEN_CACHE": "1" if name == CEILING else "0",
        }
        with rig.serving(
            [str(self._bin / "uvicorn"), *own, *same],
            port=port,
            folder=self._folder,
            environment=environment | self._trust(),
            log=self._folder / f"{name}.log",
        ) as server:
            yield server

    def _prepared(self, url: str) -> list[str]:
        """Migrate the database and place the orders, through the service itself."""
        migrate = [self._bin / "bench-service", "migrate"]
        quiet = {"cwd": self._service, "env": self._settings(url), "stdout": subprocess.DEVNULL}
        subprocess.run(migrate, check=True, **quiet)
        headers = {"authorization": f"Bearer {self._issuer['tokens']['reader']}"}
        headers["content-type"] = "application/json"
        with contextlib.contextmanager(self._running)(url, "prepare") as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            return [_placed(connection, headers) for _ in range(500)]


def _placed(connection: http.client.HTTPConnection, headers: dict[str, str]) -> str:
    connection.request("POST", "/orders", json.dumps(ORDER), headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 201:
        raise SystemExit(f"error: no order was placed: {body.decode()}")
    return str(json.loads(body)["id"])


@contextlib.contextmanager
def _issuer(python: Path, folder: Path) -> Iterator[dict[str, str | dict[str, str]]]:
    command = [python, rig.HERE / "issuer.py", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def _generated(folder: Path) -> Path:
    """A fresh service with its packages installed and compiled."""
    place = ["--output", folder / "bench", "--no-git", "--no-install", "--yes"]
    subprocess.run(
        [sys.executable, "-m", "msgen", "new", "bench", *place],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    sync = [sys.executable, "-m", "uv", "sync", "--quiet", "--compile-bytecode", "--no-dev"]
    subprocess.run([*sync, "--python", sys.executable], cwd=folder / "bench", check=True)
    subprocess.run([sys.executable, "-m", "compileall", "-q", folder / "bench/src"], check=True)
    return folder / "bench"


def report(variants: list[Variant]) -> str:
    """The tables: medians of all rounds, and of each round's share of the ceiling."""
    against = [variant for variant in variants if variant.name == CEILING] or variants[:1]
    parts = [rig.machine(), _start_table(variants)]
    for load in LOADS:
        head = (
            load,
            "requests/s",
            "of the ceiling",
            "p99 ms",
            "CPU µs a request",
            "of the ceiling",
        )
        parts.append(rig.table(head, [_row(variant, load, against[0]) for variant in variants]))
    return "\n\n".join(parts) + "\n"


def _row(variant: Variant, load: str, against: Variant) -> list[str]:
    cells = [variant.name]
    for kind in ("rate", "p99", "cpu"):
        values, base = (v.measured[f"{load} {kind}"] for v in (variant, against))
        cells.append(f"{rig.median(values):.0f}")
        if kind != "p99":
            shares = [value / other for value, other in zip(values, base, strict=True)]
            cells.append(f"{rig.median(shares):.0%} ({min(shares):.0%}…{max(shares):.0%})")
    return cells


def _start_table(variants: list[Variant]) -> str:
    rows = []
    for variant in variants:
        start, memory = variant.measured["start"], variant.measured["memory"]
        seconds = f"{rig.median(start):.2f} ({min(start):.2f}…{max(start):.2f})"
        rows.append([variant.name, seconds, f"{rig.median(memory):.0f}"])
    return rig.table(("", "s to the first 200", "MB resident (PSS) after load"), rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="for each load")
    parser.add_argument("--only", default="", help="part of a variant's name")
    parser.add_argument("--service", type=Path, help="a generated `bench` that is installed")
    parser.add_argument("--postgresql", metavar="URL", help="an empty database, not a new one")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except rig.MissingError as error:
        sys.exit(f"error: {error}")
