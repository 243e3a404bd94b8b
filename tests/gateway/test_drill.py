"""Real services behind the gateway, killed, stopped and started again under load."""

import os
import re
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from tests.support.processes import Running
from tests.support.rendering import Generate
from tests.support.servers import unavailable

from .conftest import ORDER, Street

CUT_OFF = 599
HUNG = 4.0
"""Seconds after which an answer is no answer: more than any route here allows."""
REDIS = os.environ.get("MSGEN_TEST_REDIS", "redis://127.0.0.1:6379/9")


class Load:
    """Callers who place and read orders of their own; counts, and notes what must not be."""

    def __init__(self, street: Street) -> None:
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.wrong: list[str] = []
        self._street = street
        self._over = threading.Event()

    @contextmanager
    def running(self, callers: int = 3) -> Iterator[None]:
        names = [f"caller-{number}" for number in range(callers)]
        tokens = {name: self._street.token(name) for name in names}
        work = [threading.Thread(target=self._work, args=each) for each in tokens.items()]
        for each in work:
            each.start()
        try:
            yield
        finally:
            self._over.set()
            for each in work:
                each.join(30)
                assert not each.is_alive(), "a request hangs"

    def _work(self, name: str, token: str) -> None:
        with self._street.door.client(token) as client:
            mine: set[str] = set()
            while not self._over.is_set():
                placed = self._asked(client, "POST", "/orders", json={**ORDER, "note": name})
                if placed.status_code == 201:
                    mine.add(placed.json()["id"])
                listed = self._asked(client, "GET", "/orders?limit=100")
                if listed.status_code == 200:
                    found = {each["id"] for each in listed.json()["items"]}
                    lost = mine - found if len(found) < 100 else set()
                    strange = {each.get("note") for each in listed.json()["items"]} - {name}
                    self.wrong += [f"{name}: {lost} {strange}"] if lost or strange else []
                self._asked(client, "GET", "/api/returns")
                time.sleep(0.02)

    def _asked(
        self, client: httpx2.Client, method: str, path: str, **options: object
    ) -> httpx2.Response:
        began = time.monotonic()
        try:
            answer = client.request(method, path, **options)  # type: ignore[arg-type]
        except (httpx2.RemoteProtocolError, httpx2.ReadError):  # killed in the middle
            answer = httpx2.Response(CUT_OFF)
        if (seconds := time.monotonic() - began) > HUNG:
            self.wrong.append(f"{method} {path} took {seconds:.1f} s")
        self.statuses[path.partition("?")[0], answer.status_code] += 1
        return answer


def memory(running: Running) -> int:
    [line] = re.findall(
        r"VmRSS:\s+(\d+) kB", Path(f"/proc/{running.process.pid}/status").read_text()
    )
    return int(line) * 1024


def test_each_caller_has_the_orders_of_his_own(street: Street) -> None:
    alice, bob = (street.door.client(street.token(name)) for name in ("alice", "bob"))

    placed = alice.post("/orders", json=ORDER)
    path = placed.headers["location"]

    assert placed.status_code == 201
    assert alice.get(path).status_code == 200
    assert bob.get(path).status_code == 404


def test_one_request_is_found_in_the_logs_of_both(street: Street) -> None:
    client = street.door.client(street.token())

    client.get("/orders", headers={"x-request-id": "through-the-door"})

    [own] = street.door.lines_about("through-the-door")
    found = [line for each in (street.first, street.second) for line in each.lines()]
    [theirs] = [line for line in found if line.get("request_id") == "through-the-door"]
    assert own["trace_id"] == theirs["trace_id"]
    assert own["subject"] == theirs["subject"] == "alice"


def test_the_document_has_the_operations_of_the_service(street: Street) -> None:
    deadline = time.monotonic() + 10
    paths: dict[str, object] = {}
    while time.monotonic() < deadline and "/orders/{order_id}" not in paths:
        time.sleep(0.1)
        paths = httpx2.get(f"{street.door.url}/openapi.json").json()["paths"]

    assert {"/orders", "/orders/{order_id}", "/overview"} <= paths.keys()
    assert "/audit" not in paths


def test_parts_of_real_services_are_joined(street: Street) -> None:
    overview = street.door.client(street.token("carol")).get("/overview")

    assert overview.json()["missing"] == []
    assert overview.json()["orders"]["items"] == overview.json()["returns"]["items"] == []


def test_whatever_happens_to_an_upstream_nobody_hangs_or_gets_what_is_not_his(
    street: Street,
) -> None:
    load = Load(street)
    with load.running():
        time.sleep(0.5)
        before = memory(street.door)
        street.second.process.kill()  # one of two
        time.sleep(0.5)
        again = street.boot(street.second.service, at=street.second, **street.second.extra)
        street.first.process.send_signal(signal.SIGSTOP)  # alive, and silent
        time.sleep(1.5)
        street.first.process.send_signal(signal.SIGCONT)
        for each in (street.first, again):  # both
            each.process.kill()
        time.sleep(1)
        for each in (street.first, again):
            street.boot(each.service, at=each, **each.extra)
        street.door.wait("/alive")
        time.sleep(0.7)
        load.statuses.clear()
        time.sleep(0.8)

    assert load.wrong == []
    assert {status for (path, status) in load.statuses if path == "/api/returns"} == {200}
    assert {status for (path, status) in load.statuses if path == "/orders"} == {200, 201}
    assert memory(street.door) - before < 20_000_000
    told = {line["event"] for line in street.door.lines()}
    assert {"circuit_opened", "circuit_closed", "instance_ejected"} <= told


def test_gateways_count_together_in_redis_and_alone_without_it(
    street: Street, generate: Generate, tmp_path: Path
) -> None:
    gateway = generate("gateway", name="door")
    file = tmp_path / "routes.yml"
    name = f"rated-{time.time_ns()}"
    file.write_text(
        f"upstreams: {{returns: {{address: {street.returns.url!r}}}}}\n"
        f"routes: [{{name: {name}, path: /livez-of, upstream: returns,"
        " public: true, rates: [{limit: 4/hour}]}]\n"
    )
    doors = {}
    for store in (REDIS, REDIS, "redis://127.0.0.1:9/0"):
        told = {"ROUTES_FILE": str(file), "RATE_STORE_URL": store}
        given = {f"{gateway.prefix}{key}": value for key, value in told.items()}
        doors[len(doors)] = street.boot(gateway, **given)
    if "rate_store_failed" in doors[0].log() or not _redis_answers():
        unavailable(f"no Redis answers at `{REDIS}`")

    shared = [httpx2.get(f"{doors[n % 2].url}/livez-of").status_code for n in range(5)]
    alone = [httpx2.get(f"{doors[2].url}/livez-of").status_code for _ in range(5)]

    assert shared == alone == [404, 404, 404, 404, 429]
    assert "rate_store_failed" in doors[2].log()


def _redis_answers() -> bool:
    place = urlsplit(REDIS)
    with socket.socket() as probe:
        return probe.connect_ex((str(place.hostname), place.port or 6379)) == 0
