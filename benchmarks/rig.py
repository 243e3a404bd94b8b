"""What the benchmarks share: processes and their cost, a throwaway PostgreSQL, wrk, tables."""

import contextlib
import http.client
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
HERE = Path(__file__).parent
_TICKS = os.sysconf("SC_CLK_TCK")


class MissingError(Exception):
    """A program that the benchmark needs, and how to get it."""


def program(name: str, package: str) -> str:
    """Where `name` is; raises MissingError with the way to get it."""
    server = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if found := shutil.which(name) or (server and server[-1]):
        return str(found)
    message = f"`{name}` is missing\n\nhint: `apt-get install {package}` (Debian, Ubuntu)"
    raise MissingError(message)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(process: int | str = "self") -> float:
    """User and system time of all its threads."""
    stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / _TICKS


def resident(process: int | str = "self") -> int:
    """Resident memory (RSS) in kilobytes."""
    return int(Path(f"/proc/{process}/status").read_text().split("VmRSS:")[1].split()[0])


def surroundings() -> dict[str, str]:
    """The environment, without what would change how another Python or service runs."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "OTEL_"))}


@dataclass
class Server:
    """A server that answers on `port`; `seconds` is the time that its first 200 took."""

    process: subprocess.Popen[bytes]
    port: int
    seconds: float

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.process.pid)

    def megabytes(self) -> float:
        """Resident memory, pages shared with others counted in part (PSS)."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(rollup.split("\nPss:")[1].split()[0]) * 1024 / 1e6


@contextlib.contextmanager
def serving(
    command: Sequence[str],
    *,
    port: int,
    folder: Path,
    environment: Mapping[str, str],
    log: Path,
) -> Iterator[Server]:
    """Start a server, wait for `/livez`, and stop it at the end."""
    full = surroundings() | dict(environment)
    with log.open("ab") as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=full, stdout=output, stderr=output)
        try:
            yield Server(process, port, _first_answer(process, port, log) - began)
        finally:
            process.terminate()
            process.wait(30)


def _first_answer(process: subprocess.Popen[bytes], port: int, log: Path) -> float:
    for _ in range(6000):
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/livez")
            if connection.getresponse().status == 200:
                return time.perf_counter()
        if process.poll() is not None:
            break
        time.sleep(0.005)
    raise SystemExit(f"error: the server did not start\n\n{log.read_text()[-3000:]}")


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A throwaway cluster with default settings on 127.0.0.1; yields its URL."""
    initdb, server = program("initdb", "postgresql"), program("postgres", "postgresql")
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    data, port = folder / "postgresql", free_port()
    data.mkdir(mode=0o700)
    if user:
        folder.chmod(0o755)
        shutil.chown(data, user)
    quiet = {"user": user, "cwd": data, "stdout": subprocess.DEVNULL}
    subprocess.run([initdb, "-D", data, "-U", "bench", "-A", "trust"], check=True, **quiet)
    options = ["-h", "127.0.0.1", "-p", str(port), "-k", str(data)]
    with (folder / "postgresql.log").open("wb") as log:
        process = subprocess.Popen([server, "-D", data, *options], stderr=log, **quiet)
    try:
        _wait_for(port)
        yield f"postgresql://bench@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.wait(30)


def generated(folder: Path, *options: str) -> Path:
    """A service named `bench` with its packages."""
    command = [sys.executable, "-m", "msgen", "new", "bench", *options]
    command += ["--yes", "--no-git", "-o", str(folder / "bench")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "bench"


def fresh_database(kind: str, name: str, *, folder: Path, postgresql: str) -> str:
    """The URL of an empty one; `kind` is `sqlite` or `postgresql`."""
    if kind == "sqlite":
        return f"sqlite:///{folder}/{name}.db"
    query = ["psql", "-XqAtw", postgresql, "-c", f"CREATE DATABASE {name}"]
    subprocess.run(query, check=True)
    return f"{postgresql.rpartition('/')[0]}/{name}"


def driven(
    service: Path, driver: Path, *arguments: object, environment: Mapping[str, str]
) -> Any:
    """What a driver tells, run with the Python of the service on its package."""
    words = [str(each) for each in arguments]
    command = [str(service / ".venv/bin/python"), str(driver), "bench_service", *words]
    done = subprocess.run(
        command,
        cwd=service,
        env=surroundings() | dict(environment),
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"error: `{driver.name} {' '.join(words)}` failed")
    return json.loads(done.stdout.splitlines()[-1])


def _wait_for(port: int) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise SystemExit("error: PostgreSQL did not start")


@dataclass(frozen=True)
class Load:
    """One kind of request."""

    method: str
    token: str
    paths: Sequence[str]
    body: str = "-"

    def run(self, port: int, *, seconds: int, connections: int = 32) -> dict[str, float]:
        """Let wrk send it as fast as the answers come."""
        wrk = [program("wrk", "wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
        target = ["-s", str(HERE / "requests.lua"), f"http://127.0.0.1:{port}", "--"]
        arguments = [self.method, self.token, self.body, *self.paths]
        done = subprocess.run([*wrk, *target, *arguments], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"error: wrk failed: {done.stderr or done.stdout}")
        result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        if result["failed"]:
            raise SystemExit(f"error: {self.method} {self.paths[0]} failed: {result}")
        return result


def rounds(number: int, cells: Sequence[T], what: str) -> Iterator[T]:
    """Every cell once a round, starting with another one each time."""
    for done in range(number):
        print(f"{what}: round {done + 1} of {number}", file=sys.stderr)
        shift = done % len(cells)
        yield from (*cells[shift:], *cells[:shift])


def machine() -> str:
    """What this ran on, in words."""
    cpus = Path("/proc/cpuinfo").read_text().split("model name\t: ")
    model = cpus[1].split("\n")[0] if len(cpus) > 1 else platform.machine()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {platform.system()}, "
        f"load average {load:.1f} at the end"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)
