"""A newcomer types what the README of a generated service says, block by block."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support import readme
from tests.support.environment import inherited
from tests.support.processes import free_port
from tests.support.rendering import Generate, Service
from tests.template.test_golden import PRESETS

MARK = "--- next block ---"
_START_SECONDS = 120


class Newcomer:
    """Someone with Python in front of a fresh copy of the service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.port, self.beside = free_port(), _beside(service.text("README.md"))
        self.blocks = readme.blocks(self._on_free_ports(service.text("README.md")))
        other = f"http://127.0.0.1:{self.beside}"
        upstreams = dict.fromkeys(("ORDERS_URL", "HISTORY_URL", "RETURNS_URL"), other)
        own = {"LISTEN_PORT": str(self.port), **upstreams}
        self.variables = {
            **inherited(),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "UV_PYTHON_DOWNLOADS": "never",
            **{f"{service.prefix}{name}": value for name, value in own.items()},
        }

    def the(self, ending: str) -> str:
        """The one command that ends like this."""
        [command] = [each.commands for each in self.blocks if each.commands.endswith(ending)]
        return command

    def types(self, commands: str, **extra: str) -> str:
        return readme.type_in(commands, self.service.path, {**self.variables, **extra})

    def typed(self, block: readme.Block) -> str:
        """What goes on in another terminal is waited for until it answers."""
        if _kind(block) != "beside":
            return block.commands
        listens = f"(echo > /dev/tcp/127.0.0.1/{self.beside}) 2> /dev/null"
        return (
            f"setsid bash -euc '{block.commands}' > beside.log 2>&1 &\n"
            'trap "kill -- -$!" EXIT\n'
            f"until {listens}; do\n"
            "    kill -0 $! || { cat beside.log; exit 1; }; sleep 0.2\ndone"
        )

    def starts(self, command: str) -> tuple[subprocess.Popen[bytes], Path]:
        """Run in the first terminal, until it answers."""
        log = self.service.path / "terminal.log"
        with log.open("wb") as terminal:
            process = subprocess.Popen(
                ["bash", "-c", command],
                cwd=self.service.path,
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._ready():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        return process, log

    def _ready(self) -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/readyz").status_code == 200
        except httpx2.TransportError:
            return False

    def _on_free_ports(self, text: str) -> str:
        """The one thing that is not typed as it stands: other tests run beside this one."""
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        return re.sub(r"(127.0.0.1:|LISTEN_PORT=|--port )8001", rf"\g<1>{self.beside}", text)


def _beside(text: str) -> int:
    """Where the neighbour of the walk listens; some cannot be told to go elsewhere."""
    return free_port() if re.search(r"(LISTEN_PORT=|--port )8001", text) else 8001


# Words that differ by an answer are tried for each.
KINDS = {
    **{preset: (preset, {}) for preset in PRESETS},
    **{f"bff-{kind}": ("bff", {"client_kind": kind}) for kind in ("mobile", "partner")},
}


@pytest.fixture(scope="module", params=KINDS)
def newcomer(
    request: pytest.FixtureRequest, generate: Generate, tmp_path_factory: pytest.TempPathFactory
) -> Newcomer:
    preset, answers = KINDS[request.param]
    service = generate(preset, **answers)
    return Newcomer(service.copy(tmp_path_factory.mktemp("newcomer") / "my-service"))


@pytest.fixture(scope="module")
def run(newcomer: Newcomer) -> Iterator[Callable[[str], Path]]:
    """Start the service by a command of the README; one at a time."""
    running: list[subprocess.Popen[bytes]] = []

    def stop() -> None:
        for process in running:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)
        running.clear()

    def run(command: str) -> Path:
        stop()
        process, log = newcomer.starts(command)
        running.append(process)
        return log

    yield run
    stop()


def test_every_block_is_run_by_one_of_these_tests(newcomer: Newcomer) -> None:
    kinds = [_kind(block) for block in newcomer.blocks]

    assert kinds[:2] == ["run", "test"]
    assert kinds.count("trace") == 1
    assert set(kinds) - {"beside"} == {"run", "test", "walk", "trace"}


def test_walk_goes_as_it_says(newcomer: Newcomer, run: Callable[[str], Path]) -> None:
    walk = [block for block in newcomer.blocks if _kind(block) in ("walk", "beside")]
    log = run(newcomer.the("/uv run my-service serve\n"))

    said = newcomer.types(f"\necho '{MARK}'\n".join(map(newcomer.typed, walk)))

    for block, output in zip(walk, said.split(MARK), strict=True):
        statuses = [int(status) for status in re.findall(r"-> (\d{3})", output)]
        promised = [status for status in statuses if status in block.promised]
        assert tuple(promised) == block.promised, output
        assert all(status < 300 for status in set(statuses) - set(block.promised)), output
    assert "find-me-in-the-log" in log.read_text()
    assert '"ready"' in said or "ready" in said
    assert "http_server_request_duration_seconds_count" in said


def test_trace_is_shown_as_it_says(newcomer: Newcomer, run: Callable[[str], Path]) -> None:
    [command] = [block.commands for block in newcomer.blocks if _kind(block) == "trace"]
    if not (newcomer.service.path / ".venv").exists():
        newcomer.types(
            newcomer.the("/uv run my-service serve\n").replace(" serve", " settings")
        )
    log = run(command)

    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    httpx2.get(f"http://127.0.0.1:{newcomer.port}/nowhere", headers=headers)

    _until(lambda: log.read_text().count(trace) >= 2)


def test_tests_are_run_as_it_says(newcomer: Newcomer) -> None:
    """A few of them: `test_suite.py` runs them all."""
    said = newcomer.types(newcomer.the("uv run pytest\n"), PYTEST_ADDOPTS="-k test_settings")

    assert re.search(r"\d+ passed", said)


def test_commands_between_the_lines_work(newcomer: Newcomer) -> None:
    mentioned = re.findall(r"`(uv run [^`]+)`", newcomer.service.text("README.md"))
    elsewhere = ("serve", "pytest")
    commands = [each for each in mentioned if not each.endswith(elsewhere)]
    if "migrations" in newcomer.service.text("README.md"):
        newcomer.types(_by_own_uv("uv run my-service migrate"))
    newcomer.types("git init --quiet")

    assert len(commands) > 4
    for command in commands:
        newcomer.types(_by_own_uv(command))


def _by_own_uv(command: str) -> str:
    install = "python3 -m venv .venv && .venv/bin/pip install -q uv"
    return f"[ -x .venv/bin/uv ] || {{ {install}; }}\n.venv/bin/{command}"


def _kind(block: readme.Block) -> str:
    if "msgen new" in block.commands or block.commands.endswith(" checkout sample\n"):
        return "beside"
    last = block.commands.split()[-1]
    if last == "serve":
        return "trace" if "TRACE" in block.commands else "run"
    return "test" if last == "pytest" else "walk"


def _until(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
