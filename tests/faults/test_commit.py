"""A transaction that does not commit never answers success; full pools and disks are told."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from tests.support import disks

from .conftest import Make
from .postgres import Cluster
from .service import Service, running, together, wait_until

DEFERRED = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE OR DELETE ON orders
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
"""
FOREIGN = """
CREATE TABLE parents (id {id} PRIMARY KEY);
CREATE TABLE children (id {id} REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);
CREATE TRIGGER orphan AFTER INSERT ON orders {orphan};
"""


@pytest.fixture(scope="module")
def on_postgres(cluster: Cluster, make: Make) -> Iterator[Service]:
    settings = {"pool_size": "1", "pool_overflow": "0", "pool_wait_seconds": "0.5"}
    with running(make(database_url=cluster.database("commits"), **settings)) as service:
        yield service


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("code", "status"),
    [("23503", 409), ("23514", 409), ("P0001", 500), ("40001", 503), ("53100", 503)],
)
def test_a_commit_that_fails_on_postgresql_never_answers_success(
    cluster: Cluster, on_postgres: Service, code: str, status: int
) -> None:
    client = on_postgres.client()
    order = f"/orders/{client.place().json()['id']}"
    kept = cluster.sql("SELECT count(*) FROM orders", "commits")
    cluster.sql(DEFERRED.format(code=code), "commits")
    try:
        answers = [
            client.place(),
            client.place(idempotency_key=f"k-{code}"),
            client.post(f"{order}/cancel"),
            client.request(
                "PATCH",
                order,
                body=b'{"note": "x"}',
                headers={"content-type": "application/json"},
            ),
        ]
    finally:
        cluster.sql("DROP FUNCTION refuse CASCADE", "commits")

    assert [answer.status for answer in answers] == [status] * 4
    assert all(answer.is_problem for answer in answers)
    assert cluster.sql("SELECT count(*) FROM orders", "commits") == kept
    assert client.get(order).json()["status"] == "placed"
    assert client.place(idempotency_key=f"k-{code}").status == 201


def test_a_commit_that_fails_on_sqlite_never_answers_success(make: Make) -> None:
    with running(make()) as service:
        client = service.client()
        with closing(sqlite3.connect(service.folder / "service.db")) as database:
            orphan = "BEGIN INSERT INTO children VALUES (7); END"
            database.executescript(FOREIGN.format(id="INTEGER", orphan=orphan))

            answer = client.place(idempotency_key="k")
            database.executescript("DROP TRIGGER orphan")

            assert answer.status == 409
            assert answer.is_problem
            assert database.execute("SELECT count(*) FROM orders").fetchone() == (0,)
        assert client.place(idempotency_key="k").status == 201


@contextmanager
def locked(cluster: Cluster, database: str) -> Iterator[None]:
    """Another session holds the table for some seconds."""
    statement = "BEGIN; LOCK orders IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3); COMMIT"
    session = threading.Thread(target=cluster.sql, args=(statement, database))
    session.start()
    held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
    wait_until(lambda: int(cluster.sql(held)) > 0)
    yield
    session.join()


@pytest.mark.postgres
def test_an_exhausted_pool_is_told_within_its_wait(
    cluster: Cluster, on_postgres: Service
) -> None:
    token = on_postgres.token()
    clients = [on_postgres.client(token) for _ in range(6)]
    with locked(cluster, "commits"):
        began = time.monotonic()
        answers = together(
            [client.place for client in clients[::2]]
            + [partial(client.get, "/orders") for client in clients[1::2]]
        )
        took = time.monotonic() - began

    refused = [answer for answer in answers if answer.status == 503]
    assert len(refused) >= 5
    assert all(answer.is_unavailable for answer in refused)
    assert took < 5
    assert clients[0].place().status == 201


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disks.mounted(tmp_path, "2m") as place:
        yield place


def test_a_full_disk_is_told_and_recovered_from(make: Make, small_disk: Path) -> None:
    with running(make(database_url=f"sqlite:///{small_disk}/service.db")) as service:
        client = service.client()
        acknowledged = [client.place().json()["id"]]
        ballast = small_disk / "ballast"
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))

        answers = [client.place(idempotency_key=f"k-{number}") for number in range(150)]
        acknowledged += [answer.json()["id"] for answer in answers if answer.status == 201]
        refused = [answer for answer in answers if answer.status != 201]

        assert refused
        assert all(answer.is_unavailable for answer in refused)
        assert client.get("/orders").status == 200
        assert service.status("/livez") == 200
        ballast.unlink()
        assert client.place().status == 201
        assert client.place(idempotency_key="k-149").status == 201
        for order in acknowledged:
            assert client.get(f"/orders/{order}").status == 200
        assert not service.events("unhandled_exception")


def test_writers_on_sqlite_wait_for_each_other_across_processes(make: Make) -> None:
    first = make()
    second = make(
        database_url=f"sqlite:///{first.folder}/service.db",
        dev_key_file=str(first.folder / "dev-key.pem"),
    )
    with running(first), running(second):
        token = first.token()
        clients = [service.client(token) for service in (first, second) for _ in range(50)]

        answers = together([client.place for client in clients])

        assert [answer.status for answer in answers] == [201] * 100
        assert len({answer.json()["id"] for answer in answers}) == 100
        assert clients[0].get("/orders?limit=100").status == 200


def test_a_writer_that_never_lets_go_is_a_503_and_readers_go_on(make: Make) -> None:
    with running(make(pool_wait_seconds="1")) as service:
        token = service.token()
        clients = [service.client(token) for _ in range(4)]
        with closing(
            sqlite3.connect(service.folder / "service.db", isolation_level=None)
        ) as other:
            other.execute("BEGIN IMMEDIATE")

            assert clients[0].get("/orders").status == 200
            assert all(answer.is_unavailable for answer in together([c.place for c in clients]))
            other.execute("ROLLBACK")

        assert {answer.status for answer in together([c.place for c in clients])} == {201}
