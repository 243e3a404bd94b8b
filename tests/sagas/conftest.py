"""A shop of generated services, which know each other by events or by HTTP alone."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support import postgres
from tests.support.environment import Environment
from tests.support.processes import Boot, Running, booting
from tests.support.rabbitmq import Node
from tests.support.rendering import Generate, Service
from tests.support.servers import unavailable

HERE = Path(__file__).parent
SCOPES = {
    "orders": "orders:read orders:write",
    "stock": "stock:read stock:write",
    "ledger": "ledger:read ledger:write",
    "checkout": "checkouts:read checkouts:write checkouts:approve checkouts:operate",
}
PRESETS = {
    "orders": "service",
    "stock": "saga-participant",
    "ledger": "event-sourced",
    "checkout": "saga-orchestrator",
}


@dataclass
class Shop:
    """Processes by name. A name that was killed comes back on its port, where its data are."""

    boot: Boot
    generate: Generate
    folder: Path
    database: Callable[[], str | None]
    bus: str
    broker: Node | None = None
    running: dict[str, Running] = field(default_factory=dict)
    _settings: dict[str, dict[str, str]] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)

    def open(
        self, name: str, *, environment: dict[str, str] | None = None, **more: str
    ) -> None:
        """Start a service for the first time, on a database of its own."""
        service = self._service(name)
        given = {"DEV_KEY_FILE": str(self.folder / "dev-key.pem"), **more}
        if name != "checkout":
            given |= {"BUS_URL": self.bus, "EVENTS_BACKOFF_SECONDS": "0.05"}
        if url := self.database():
            given["DATABASE_URL"] = url
        settings = {f"{service.prefix}{key}": value for key, value in given.items()}
        self._settings[name] = {**settings, **(environment or {})}
        self.running[name] = self.boot(service, **self._settings[name])
        self._tokens[name] = self.running[name].token(scope=SCOPES[name])

    def _service(self, name: str) -> Service:
        options = {"broker": "rabbitmq"} if name == "orders" else {}
        service = self.generate(PRESETS[name], name=name, **options)
        return _with_outcomes(service, self.folder) if name == "orders" else service

    def beside(self, name: str, other: str) -> None:
        """Start another instance of a service, on the same database."""
        self._settings[other] = self._settings[name]
        self._tokens[other] = self._tokens[name]
        first = self.running[name].service
        self.running[other] = self.boot(first, at=first.path, **self._settings[name])

    def client(self, name: str) -> Any:
        return self.running[name].client(self._tokens[name])

    def customer(self, name: str) -> Any:
        """A client of the orders service, in the name of this customer."""
        if name not in self._tokens:
            self._tokens[name] = self.running["orders"].token(subject=name)
        return self.running["orders"].client(self._tokens[name])

    def kill(self, name: str) -> None:
        self.running[name].process.kill()
        self.running[name].process.wait()

    def again(self, name: str, *, ready: str = "/readyz") -> None:
        before = self.running[name]
        self.running[name] = self.boot(
            before.service, at=before, ready=ready, **self._settings[name]
        )

    def query(self, name: str, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the database of a service."""
        running = self.running[name]
        url = self._settings[name].get(f"{running.service.prefix}DATABASE_URL")
        if url is None:
            with sqlite3.connect(running.service.path / "var/service.db", timeout=20) as opened:
                return opened.execute(statement).fetchall()
        return postgres.query(url, statement)


def _with_outcomes(service: Service, folder: Path) -> Service:
    """Orders as their team has extended them: they listen to what becomes of them."""
    own = service.copy(folder / "orders-of-the-team")
    code = own.path / "src" / own.package
    (code / "outcomes").mkdir()
    (code / "outcomes/__init__.py").write_text('"""What becomes of orders."""\n')
    (code / "outcomes/handlers.py").write_text((HERE / "outcomes.txt").read_text())
    main = code / "main.py"
    included = "    app.include_router(orders.router)\n"
    settings = "from .settings import Settings\n"
    changed = main.read_text().replace(settings, f"from .outcomes import handlers\n{settings}")
    consumed = f"{included}    events.consume(app, handlers.handlers)\n"
    main.write_text(changed.replace(included, consumed))
    added = (f"src/{own.package}/outcomes/{name}.py" for name in ("__init__", "handlers"))
    return Service(own.path, own.answers, (*own.files, *added))


def fast_clock(by: str) -> dict[str, str]:
    """What makes the clock of a process fast, by `+30m` or `+20s`."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        unavailable("`libfaketime.so.1` is missing: `apt-get install faketime`")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": by,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@pytest.fixture(scope="module", params=["embedded-sqlite", "rabbitmq-postgresql"])
def shop(
    request: pytest.FixtureRequest,
    everything: Environment,
    generate: Generate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    with ExitStack() as stack:
        boot = stack.enter_context(booting(everything, tmp_path_factory.mktemp("booted")))
        if request.param == "embedded-sqlite":
            yield Shop(boot, generate, folder, lambda: None, f"sqlite:///{folder}/bus.db")
            return
        request.getfixturevalue("_postgres")
        node = Node(tmp_path_factory.mktemp("rabbitmq"))
        stack.callback(node.stop)
        node.start()

        def database() -> str:
            return stack.enter_context(postgres.fresh_database())

        yield Shop(boot, generate, folder, database, node.url, node)
