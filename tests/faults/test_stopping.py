"""The service is told to stop, or is killed: nobody who was answered is let down."""

import http.client
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from .conftest import Make
from .load import Load
from .service import ORDER, Service, running, together, wait_until


def signalled(service: Service) -> None:
    assert service.process is not None
    service.process.send_signal(signal.SIGTERM)


def test_readiness_goes_down_first_and_the_load_is_answered_to_the_end(
    make: Make, record_property: Callable[[str, object], None]
) -> None:
    service = make(drain_seconds="1.5").start()
    with Load(service).running() as load:
        wait_until(lambda: len(load.answers) > 50)
        told = time.monotonic()
        signalled(service)
        wait_until(lambda: service.status("/readyz") == 503, seconds=1)
        assert service.status("/livez") == 200
        time.sleep(0.7)  # how long a load balancer takes to notice
        load.stop()
    assert service.stop() == -signal.SIGTERM

    record_property("answered_while_draining", len(load.since(told)))
    assert not load.broken, load.broken[:3]
    assert len(load.since(told)) > 10
    assert {answer.status for _, _, answer in load.answers} == {200, 201}
    assert "Traceback" not in service.log.read_text()
    with closing(sqlite3.connect(service.folder / "service.db")) as database:
        kept = {row[0] for row in database.execute("SELECT id FROM orders")}
    assert {order.replace("-", "") for order in load.acknowledged} <= kept


def test_while_it_drains_kept_connections_are_closed_after_their_answer(make: Make) -> None:
    service = make(drain_seconds="1.5").start()
    client = service.client()
    assert "connection" not in client.get("/orders").headers
    signalled(service)
    wait_until(lambda: service.status("/readyz") == 503)

    assert client.get("/orders").headers["connection"] == "close"
    service.stop()


@pytest.mark.parametrize("drain", ["0", "0.5"])
def test_requests_in_flight_are_answered_after_a_sigterm(make: Make, drain: str) -> None:
    service = make(drain_seconds=drain).start()
    token = service.token()
    clients = [service.client(token) for _ in range(6)]
    with closing(sqlite3.connect(service.folder / "service.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answers: list[Any] = []
        waiting = [
            threading.Thread(target=lambda c=client: answers.append(c.place()))
            for client in clients
        ]
        for thread in waiting:
            thread.start()
        wait_until(lambda: "active_requests 7.0" in metrics(service))
        signalled(service)
        time.sleep(1.5)
        other.execute("ROLLBACK")
        for thread in waiting:
            thread.join(20)

    assert [answer.status for answer in answers] == [201] * 6
    assert service.stop() == -signal.SIGTERM
    assert "Traceback" not in service.log.read_text()
    with pytest.raises(ConnectionRefusedError):
        clients[0].get("/livez")


def metrics(service: Service) -> str:
    return service.client("").get("/metrics").body.decode()


def test_a_request_that_never_ends_does_not_hold_up_the_stop(make: Make) -> None:
    service = make(shutdown_seconds="1", drain_seconds="0").start()
    with closing(http.client.HTTPConnection("127.0.0.1", service.port)) as raw:
        raw.putrequest("POST", "/orders")
        raw.putheader("content-length", "1000")
        raw.putheader("content-type", "application/json")
        raw.endheaders(b"{")
        time.sleep(0.3)
        began = time.monotonic()

        service.stop()

    assert time.monotonic() - began < 8


def test_a_killed_service_replays_what_it_answered(make: Make) -> None:
    service = make().start()
    token = service.token()
    keys = [f"key-{number}" for number in range(30)]
    client = service.client(token)
    before = {key: client.place(idempotency_key=key) for key in keys[:20]}
    clients = [service.client(token, timeout=5) for _ in keys]
    attempts = [
        threading.Thread(target=lambda c=c, key=key: c.place(idempotency_key=key), daemon=True)
        for c, key in zip(clients[20:], keys[20:], strict=False)
    ]
    threading.excepthook, kept = (lambda _: None), threading.excepthook
    for thread in attempts:
        thread.start()

    assert service.stop(signal.SIGKILL) == -signal.SIGKILL
    for thread in attempts:
        thread.join()
    threading.excepthook = kept

    with running(service):
        client = service.client(token)
        for key, first in before.items():
            again = client.place(idempotency_key=key)
            assert (again.status, again.body) == (201, first.body)
            assert again.headers["idempotency-replayed"] == "true"
            assert again.headers["location"] == first.headers["location"]
        assert {client.place(idempotency_key=key).status for key in keys[20:]} == {201}
        assert client.post("/orders", ORDER, idempotency_key=keys[0]).status == 422
        page = client.get("/orders?limit=100").json()
        assert len(page["items"]) == len(keys)


def test_the_same_key_at_the_same_time_has_its_effect_once(make: Make) -> None:
    first = make()
    second = make(
        database_url=f"sqlite:///{first.folder}/service.db",
        dev_key_file=str(first.folder / "dev-key.pem"),
    )
    with running(first), running(second):
        token = first.token()
        clients = [service.client(token) for service in (first, second) for _ in range(10)]

        answers = together([partial(c.place, idempotency_key="once") for c in clients])

        assert {answer.status for answer in answers} <= {201, 409}
        assert len({answer.body for answer in answers if answer.status == 201}) == 1
        assert len(clients[0].get("/orders").json()["items"]) == 1


def test_workers_share_a_port_and_stop_together(make: Make) -> None:
    service = make(drain_seconds="0.5").start("--workers", "2")
    client = service.client()

    assert client.place().status == 201
    assert "active_requests" in metrics(service)
    service.stop()

    assert service.status("/livez") == 0
    assert "Traceback" not in service.log.read_text()
