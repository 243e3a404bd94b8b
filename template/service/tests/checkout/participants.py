"""A stock and a ledger on real sockets, which the tests can hold, break and count."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Key = tuple[str, str]
PATIENCE = 30.0


@dataclass
class Gate:
    """Holds the first request that fits, before or after its effect."""

    came: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def hold(self) -> None:
        if not self.came.is_set():
            self.came.set()
            self.opened.wait(PATIENCE)


class World:
    """Both participants: what was done and undone for each order, and how often.

    A request is named by what it does: `PUT reservations`, `DELETE payments` …
    """

    def __init__(self) -> None:
        self.done: Counter[Key] = Counter()
        self.undone: Counter[Key] = Counter()
        self.calls: list[tuple[str, str]] = []
        self.keys: dict[str, set[str]] = {}
        self.heads: list[dict[str, str]] = []
        self.refusing: dict[str, str] = {}
        self.faults: dict[str, list[int | str]] = {}
        self.chance = 0.0
        self._taken: set[Key] = set()
        self._closed: set[Key] = set()
        self._gates: dict[tuple[str, str], Gate] = {}
        self._skus: dict[str, str] = {}
        self._lock = threading.Lock()

    def gate(self, name: str, sku: str, *, after: bool = False) -> Gate:
        """Of the first such request for an order of this article."""
        return self._gates.setdefault((f"{name} {'after' if after else 'before'}", sku), Gate())

    def handle(self, method: str, kind: str, order: str, body: Any) -> tuple[int | str, Any]:
        name = f"{method} {kind}"
        with self._lock:
            self.calls.append((name, order))
            if kind == "reservations" and body:
                self._skus[order] = body["lines"][0]["sku"]
            sku = self._skus.get(order, "")
            planned = self.faults.get(f"{name} {sku}") or self.faults.get(name)
            fault = planned.pop(0) if planned else self._bad_luck()
        if isinstance(fault, int):
            return fault, {}
        self._pass(f"{name} before", sku)
        status = self._put(kind, order, sku) if method == "PUT" else self._delete(kind, order)
        self._pass(f"{name} after", sku)
        if fault == "lost":
            return "lost", {}
        return status, {"title": self.refusing.get(sku, "Too late")} if status == 409 else {}

    def _bad_luck(self) -> int | str | None:
        if random.random() >= self.chance:
            return None
        faults: list[int | str] = [503, 500, "lost"]
        return random.choice(faults)

    def _pass(self, name: str, sku: str) -> None:
        if (gate := self._gates.get((name, sku))) is not None:
            gate.hold()

    def _put(self, kind: str, order: str, sku: str) -> int:
        with self._lock:
            key = (kind, order)
            if key in self._taken:
                return 200
            if key in self._closed or (sku in self.refusing and sku.endswith(kind.upper())):
                return 409
            self._taken.add(key)
            self.done[key] += 1
            return 201

    def _delete(self, kind: str, order: str) -> int:
        with self._lock:
            key = (kind, order)
            if key in self._taken:
                self._taken.discard(key)
                self.undone[key] += 1
            self._closed.add(key)
            return 204

    def holds(self, order: str) -> set[str]:
        """What stands for an order now."""
        return {kind for kind, each in self._taken if each == order}

    def calls_of(self, order: str) -> list[str]:
        return [name for name, each in self.calls if each == order]

    def check(self, order: str, state: str) -> None:
        """The promise: confirmed or fully undone, and each effect at most once."""
        whole = {"reservations", "payments"}
        assert self.holds(order) == (whole if state == "confirmed" else set()), (order, state)
        for kind in whole:
            assert self.done[kind, order] <= 1, (kind, order)
            assert self.undone[kind, order] <= 1, (kind, order)

    def wait_for(self, condition: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
        ends = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < ends, "it took too long"
            time.sleep(0.02)


@contextmanager
def serving(world: World) -> Iterator[str]:
    """The address of both participants."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            kind, order = self.path.strip("/").split("/")
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length) or "null")
            world.heads.append({name.lower(): value for name, value in self.headers.items()})
            status, told = world.handle(self.command, kind, order, body)
            if isinstance(status, str):
                self.close_connection = True
                return
            content = b"" if status == 204 else json.dumps(told).encode()
            try:
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:  # the one who asked was killed
                self.close_connection = True

        do_PUT = do_DELETE = _answer  # noqa: N815 - the name is the library's

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
