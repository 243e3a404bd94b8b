"""The fault drill: upstreams of a backend are killed, stopped, started again; it is too."""

import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import httpx2
import pytest

from tests.support.drills import logged, memory, stopped, under_load, wait
from tests.support.processes import Running

from .conftest import QUICK, Stage, asking

HUNG = 4.5
"""Seconds after which an answer is no answer: more than a screen may take, less than a hang."""
HOME = "/screens/home"


def test_screens_are_made_of_what_real_services_tell(stage: Stage) -> None:
    client = asking(stage.front("mobile"), "carol")
    placed = [stage.place("carol") for _ in range(2)]

    home = client.get(HOME).json()
    detail = client.get(f"/screens/orders/{placed[0]}").json()
    others = asking(stage.front("mobile"), "mallory").get(f"/screens/orders/{placed[0]}")
    cancelled = client.post(
        f"/screens/orders/{placed[0]}/cancel", headers={"idempotency-key": "5c1f"}
    )
    after = client.get(f"/screens/orders/{placed[0]}").json()

    assert [each["id"] for each in home["orders"]] == placed[::-1]
    assert home["customer"] == {"standing": "good", "totals": {"EUR": 1800}}
    assert "missing" not in home
    assert [each["action"] for each in detail["history"]] == ["order_placed"]
    assert others.status_code == 404
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert after["order"]["can_be_cancelled"] is False
    assert [each["action"] for each in after["history"]] == ["order_cancelled", "order_placed"]


def test_no_screen_is_that_of_another_under_load(stage: Stage) -> None:
    front = stage.front("mobile")
    people = [f"customer-{number}" for number in range(4)]
    placed = {person: stage.place(person) for person in people}
    clients = {person: asking(front, person) for person in people}

    def ask(number: int) -> tuple[str, list[str]]:
        person = people[number % len(people)]
        return person, [each["id"] for each in clients[person].get(HOME).json()["orders"]]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, range(120)))

    assert all(ids == [placed[person]] for person, ids in found)


@pytest.fixture
def spare(stage: Stage) -> Running:
    """An instance to be mistreated."""
    return stage.boot(stage.first.service, at=stage.first.service.path)


def test_the_death_of_one_of_two_instances_is_not_noticed(stage: Stage, spare: Running) -> None:
    front = stage.front("mobile", stage.first.url, spare.url, **QUICK)

    with under_load(partial(_timed, asking(front))) as seen:
        wait(lambda: len(seen) > 20)
        spare.process.kill()
        wait(lambda: len(seen) > 120)

    assert {(each.status, each.missing) for each in seen} == {(200, ())}
    assert max(each.took for each in seen) < HUNG
    assert logged(front, "instance_ejected")


def test_a_dead_upstream_is_said_to_be_missing_at_once_and_shown_when_it_is_back(
    stage: Stage, spare: Running
) -> None:
    front = stage.front("mobile", spare.url, **QUICK)
    client = asking(front)
    order = stage.place("alice")
    assert _asked(client) == (200, ())

    spare.process.kill()
    spare.process.wait()
    gone = [_timed(client) for _ in range(20)]
    refused = client.get(f"/screens/orders/{order}")
    again = stage.boot(spare.service, at=spare)
    wait(lambda: _asked(client) == (200, ()))

    assert {(each.status, each.missing) for each in gone} == {(200, ("orders",))}
    assert sorted(each.took for each in gone)[15] < 0.5, "an open circuit answers at once"
    assert (refused.status_code, "127.0.0.1" in refused.text) == (503, False)
    assert logged(front, "circuit_opened")
    assert logged(front, "circuit_closed")
    assert again.url == spare.url


def test_a_hanging_upstream_holds_nobody_for_long_and_harms_no_probe(
    stage: Stage, spare: Running
) -> None:
    front = stage.front("mobile", spare.url, **QUICK)

    with stopped(spare), ThreadPoolExecutor(16) as threads:
        before = memory(front)
        client = asking(front)
        asked = [threads.submit(_timed, client) for _ in range(150)]
        lively = [httpx2.get(f"{front.url}/livez").elapsed.total_seconds() for _ in range(20)]
        seen = [each.result() for each in asked]
        grown = memory(front) - before

    assert {(each.status, each.missing) for each in seen} == {(200, ("orders",))}
    assert max(each.took for each in seen) < HUNG
    assert max(lively) < 1.0
    assert grown < 20_000
    wait(lambda: _asked(client) == (200, ()))


def test_an_upstream_that_restarts_under_load_loses_nobody(
    stage: Stage, spare: Running
) -> None:
    front = stage.front("mobile", stage.first.url, spare.url, **QUICK)

    with under_load(partial(_timed, asking(front))) as seen:
        for _ in range(2):
            wait(lambda: len(seen) > 0)
            spare.process.kill()
            spare.process.wait()
            spare = stage.boot(spare.service, at=spare)

    assert {each.status for each in seen} == {200}
    assert Counter(each.missing for each in seen).most_common(1)[0][0] == ()
    assert max(each.took for each in seen) < HUNG


def test_a_backend_that_is_stopped_answers_what_it_was_asked(stage: Stage) -> None:
    front = stage.front("mobile", DRAIN_SECONDS="60", **QUICK)

    with under_load(partial(_timed, asking(front))) as seen:
        wait(lambda: len(seen) > 20)
        front.process.send_signal(signal.SIGTERM)
        wait(lambda: asking(front).get("/readyz").status_code == 503)
        told = len(seen)
        wait(lambda: len(seen) > told + 20)

    assert front.stop() in (0, -signal.SIGTERM), "a second signal ends the draining"
    assert {(each.status, each.missing) for each in seen} == {(200, ())}


def test_an_event_that_was_taken_is_delivered_whatever_dies(stage: Stage) -> None:
    """A partner's backend is killed, twice, while events come in and receivers answer badly."""
    with _Receiver() as receiver:
        front = stage.front(
            "partner", WEBHOOK_BACKOFF_SECONDS="0.05", WEBHOOK_TIMEOUT_SECONDS="1"
        )
        key = front.command("keys", "create", "drill", "--partner", "acme").strip()
        with httpx2.Client(base_url=front.url, headers={"x-api-key": key}) as partner:
            made = partner.post("/webhooks", json={"url": receiver.url, "events": ["*"]})
            assert made.status_code == 201, made.text
        token = front.token(scope="events:write")
        taken: list[str] = []
        for round_ in range(3):
            with front.client(token) as publisher:
                for number in range(40):
                    name = f"{round_}-{number}"
                    body = {"partner": "acme", "type": "drill", "data": {"name": name}}
                    assert publisher.post("/events", json=body).status_code == 202
                    taken.append(name)
            if round_ < 2:
                front.process.kill()
                front.process.wait()
                front = stage.boot(front.service, at=front, **front.extra)
        # What a killed process had in hand is claimed for its timeout and half a minute.
        wait(lambda: receiver.names >= set(taken), seconds=90)

    assert len(receiver.ids) == len(taken)


class _Receiver(ThreadingHTTPServer):
    """Of webhooks; every third request is answered badly."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.names: set[str] = set()
        self.ids: set[str] = set()
        self.seen = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hooks"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Hook(BaseHTTPRequestHandler):
    server: _Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.seen += 1
        if self.server.seen % 3 == 0:
            self.send_error(500)
            return
        self.server.names.add(httpx2.Response(200, content=body).json()["data"]["name"])
        self.server.ids.add(self.headers["webhook-id"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing on the terminal."""


class _Seen:
    """An answer: its status, the parts that it says are missing, and how long it took."""

    def __init__(self, answer: httpx2.Response, took: float) -> None:
        self.status, self.took = answer.status_code, took
        self.missing = tuple(answer.json().get("missing", ()))


def _timed(client: httpx2.Client) -> _Seen:
    began = time.monotonic()
    answer = client.get(HOME)
    return _Seen(answer, time.monotonic() - began)


def _asked(client: httpx2.Client) -> tuple[int, tuple[str, ...]]:
    seen = _timed(client)
    return seen.status, seen.missing
