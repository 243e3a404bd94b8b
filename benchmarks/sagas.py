"""Sagas by the front door of a generated orchestrator, beside bare DBOS.

python benchmarks/sagas.py
"""

import argparse
import contextlib
import itertools
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rig

PREFIX = "BENCH_SERVICE_"
DRIVER = rig.HERE / "sagas_driver.py"
SCOPES = "checkouts:read checkouts:write"
AT_ONCE = (1, 16)
ROLES = {
    "load": "service",
    "queued": "bare DBOS, by a queue",
    "direct": "bare DBOS, started at once",
}
BARE = ("queued", "direct")


class Bench:
    """One generated orchestrator, and databases that are fresh for each measurement."""

    def __init__(self, service: Path, folder: Path, postgresql: str) -> None:
        self._service, self._folder, self._postgresql = service, folder, postgresql
        self._numbers = itertools.count(1)

    def measure(self, role: str, database: str, count: int, at_once: int) -> dict[str, Any]:
        """Sagas a second, from the first request to the last end."""
        environment = self._settings(database)
        with contextlib.ExitStack() as stack:
            if role == "load":
                environment |= stack.enter_context(self._orchestrating(environment))
            found: dict[str, Any] = rig.driven(
                self._service, DRIVER, role, count, at_once, environment=environment
            )
        return found

    def _settings(self, database: str) -> dict[str, str]:
        name = f"bench_{next(self._numbers)}"
        url = rig.fresh_database(
            database, name, folder=self._folder, postgresql=self._postgresql
        )
        return {f"{PREFIX}DATABASE_URL": url, f"{PREFIX}LOG_FORMAT": "json"}

    @contextlib.contextmanager
    def _orchestrating(self, environment: dict[str, str]) -> Iterator[dict[str, str]]:
        """Participants and service; yields what the driver has to know of them."""
        program, port = str(self._service / ".venv/bin/bench-service"), rig.free_port()
        with (
            self._participants(program) as upstreams,
            rig.serving(
                [program, "serve", "--port", str(port)],
                port=port,
                folder=self._service,
                environment=environment | upstreams,
                log=self._folder / "service.log",
            ) as server,
        ):
            told = [program, "token", "--scope", SCOPES]
            token = subprocess.check_output(
                told, cwd=self._service, env=rig.surroundings() | environment, text=True
            )
            yield {
                "BENCH_URL": f"http://127.0.0.1:{port}",
                "BENCH_TOKEN": token.strip(),
                "BENCH_PROCESS": str(server.process.pid),
            }

    @contextlib.contextmanager
    def _participants(self, program: str) -> Iterator[dict[str, str]]:
        stock, ledger = rig.free_port(), rig.free_port()
        ports = ["--stock-port", str(stock), "--ledger-port", str(ledger)]
        with (self._folder / "participants.log").open("ab") as log:
            process = subprocess.Popen(
                [program, "checkout", "sample", *ports],
                cwd=self._service,
                env=rig.surroundings(),
                stdout=log,
                stderr=log,
            )
        urls = {"STOCK_URL": stock, "PAYMENTS_URL": ledger}
        try:
            _wait(f"http://127.0.0.1:{ledger}/payments")
            yield {PREFIX + name: f"http://127.0.0.1:{port}" for name, port in urls.items()}
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError), urllib.request.urlopen(url):
            return
        time.sleep(0.05)
    raise SystemExit("error: the participants did not start")


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=100, help="sagas for each one at a time")
    parser.add_argument("--service", type=Path, help="a saga-orchestrator `bench`, with .venv")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        generated = options.service or rig.generated(folder, "--preset", "saga-orchestrator")
        postgresql = stack.enter_context(rig.postgresql(folder))
        bench = Bench(generated.resolve(), folder, postgresql)
        print(report(bench, options))


def report(bench: Bench, options: argparse.Namespace) -> str:
    cells = list(itertools.product(options.databases, AT_ONCE, ROLES))
    found: dict[tuple[str, int, str], list[dict[str, Any]]] = {cell: [] for cell in cells}
    for cell in rig.rounds(options.rounds, cells, "sagas"):
        database, at_once, role = cell
        count = options.count * min(at_once, 6)
        found[cell].append(bench.measure(role, database, count, at_once))
    rows = []
    for database, at_once, role in cells:
        bare = [found[database, at_once, each] for each in BARE if role not in BARE]
        figures = _figures(found[database, at_once, role], bare)
        rows.append([f"{database}, {at_once} at a time, {ROLES[role]}", *figures])
    shares = [f"of {ROLES[each]}" for each in BARE]
    head = ["", "sagas/s", *shares, "p50 ms", "p99 ms", "CPU ms a saga"]
    return f"{rig.machine()}\n\n" + rig.table(head, rows)


def _figures(ran: list[dict[str, Any]], bare: list[list[dict[str, Any]]]) -> list[str]:
    def middle(of: list[dict[str, Any]], key: str) -> float:
        return rig.median([each[key] for each in of])

    rate = middle(ran, "rate")
    shares = [f"{rate / middle(each, 'rate'):.0%}" for each in bare]
    times = [f"{middle(ran, key):.0f}" for key in ("p50", "p99")]
    shares = shares or [""] * len(BARE)
    return [f"{rate:.1f}", *shares, *times, f"{middle(ran, 'cpu'):.1f}"]


if __name__ == "__main__":
    main()
