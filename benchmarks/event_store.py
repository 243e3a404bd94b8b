"""The event store of a generated service: appends, loads, replays, a rebuild.

python benchmarks/event_store.py
"""

import argparse
import contextlib
import itertools
import tempfile
from pathlib import Path
from typing import Any

import rig

PREFIX = "BENCH_SERVICE_"
DRIVER = rig.HERE / "event_store_driver.py"
Found = dict[str, dict[str, Any]]


class Bench:
    """One generated service, and databases that are fresh for each measurement."""

    def __init__(self, service: Path, folder: Path, postgresql: str) -> None:
        self._service, self._folder, self._postgresql = service, folder, postgresql
        self._numbers = itertools.count(1)

    def measure(self, role: str, database: str, *counts: int) -> Found:
        """What the driver tells: for each thing that it does, its figures."""
        name = f"bench_{next(self._numbers)}"
        url = rig.fresh_database(
            database, name, folder=self._folder, postgresql=self._postgresql
        )
        environment = {f"{PREFIX}DATABASE_URL": url, f"{PREFIX}LOG_LEVEL": "ERROR"}
        found: Found = rig.driven(self._service, DRIVER, role, *counts, environment=environment)
        return found


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--appends", type=int, default=1000)
    parser.add_argument("--loads", type=int, default=300, help="of each kind")
    parser.add_argument("--events", type=int, default=20_000, help="that are rebuilt from")
    parser.add_argument("--service", type=Path, help="an event-sourced `bench`, with its .venv")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        generated = options.service or rig.generated(folder, "--preset", "event-sourced")
        postgresql = stack.enter_context(rig.postgresql(folder))
        bench = Bench(generated.resolve(), folder, postgresql)
        print(report(bench, options))


def report(bench: Bench, options: argparse.Namespace) -> str:
    counts = {
        "append": [options.appends],
        "load": [options.loads],
        "rebuild": [options.events],
    }
    ran: dict[tuple[str, str], list[Found]] = {}
    for role, database in rig.rounds(
        options.rounds, list(itertools.product(counts, options.databases)), "event store"
    ):
        found = bench.measure(role, database, *counts[role])
        ran.setdefault((role, database), []).append(found)
    tables = [_table(ran, role, options.databases) for role in counts]
    return "\n\n".join([rig.machine(), *tables])


HEADS = {
    "append": {"rate": "{} appends/s", "p50": "{} p50 ms", "p99": "{} p99 ms",
               "cpu": "{} CPU ms an append"},
    "load": {"rate": "{} loads/s", "p50": "{} p50 ms", "p99": "{} p99 ms",
             "cpu": "{} CPU ms a load", "events": "{} events/s replayed"},
    "rebuild": {"seconds": "{} s", "events": "{} events/s"},
}  # fmt: skip


def _table(ran: dict[tuple[str, str], list[Found]], role: str, databases: list[str]) -> str:
    """A row for each thing that was done, a few columns for each database."""
    rows = []
    for name in ran[role, databases[0]][0]:
        cells = itertools.product(databases, HEADS[role])
        rows.append([name, *(_cell(ran[role, base], name, figure) for base, figure in cells)])
    head = [each.format(base) for base in databases for each in HEADS[role].values()]
    return rig.table(["", *head], rows)


def _cell(ran: list[Found], name: str, figure: str) -> str:
    values = [found[name][figure] for found in ran if figure in found[name]]
    if not values:
        return ""
    value = rig.median(values)
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


if __name__ == "__main__":
    main()
