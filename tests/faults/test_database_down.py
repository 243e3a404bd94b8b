"""The database is not there: at the start, under load, for a moment."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from .conftest import Make
from .load import Load
from .postgres import Cluster
from .service import Service, running, together, wait_until

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
def _leaves_the_cluster_up(cluster: Cluster) -> Iterator[None]:
    yield
    cluster.ensure_up()


@pytest.fixture
def lively(cluster: Cluster, make: Make, request: pytest.FixtureRequest) -> Iterator[Service]:
    """Give a service that runs on a database of its own."""
    name = request.node.name[:40]
    with running(make(database_url=cluster.database(name), max_body_bytes="2048")) as service:
        yield service


def test_it_starts_without_its_database_and_recovers_by_itself(
    cluster: Cluster, make: Make
) -> None:
    url = cluster.database("down_at_start")
    cluster.stop()
    with running(make(database_url=url), ready="/livez") as service:
        client = service.client()

        assert service.status("/readyz") == 503
        assert client.get("/orders").is_unavailable
        assert client.place().is_unavailable

        cluster.start()
        wait_until(lambda: service.status("/readyz") == 200, service.told, seconds=10)
        assert client.place().status == 201
        assert not service.events("unhandled_exception")


def test_it_starts_while_its_database_accepts_but_never_answers(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/d"
        began = time.monotonic()

        with running(make(database_url=url, pool_wait_seconds="1"), ready="/livez") as service:
            assert time.monotonic() - began < 10
            assert service.status("/readyz") == 503
            assert service.client().get("/orders").is_unavailable


def test_production_starts_before_its_database_was_migrated_and_waits(
    cluster: Cluster, make: Make
) -> None:
    service = make(database_url=cluster.database("unmigrated"), migrate_on_start="false")
    with running(service, ready="/livez"):
        client = service.client()

        assert service.status("/readyz") == 503
        assert client.get("/orders").is_unavailable

        assert service.run("migrate").returncode == 0
        assert service.status("/readyz") == 200
        assert client.get("/orders").status == 200


def test_several_processes_may_migrate_a_new_database_at_once(
    cluster: Cluster, make: Make
) -> None:
    services = [make(database_url=cluster.database("raced")), *(make() for _ in range(3))]
    for other in services[1:]:
        other.settings.update(services[0].settings)

    done = together([partial(each.run, "migrate") for each in services])

    assert [run.returncode for run in done] == [0] * 4, [run.stderr[-500:] for run in done]


def test_a_database_killed_under_load_means_503_and_nothing_worse(
    cluster: Cluster, lively: Service, record_property: Callable[[str, object], None]
) -> None:
    with Load(lively).running() as load:
        wait_until(lambda: len(load.answers) > 100)
        before = lively.log.stat().st_size
        killed = time.monotonic()
        cluster.stop("immediate")
        time.sleep(1.5)
        failed_until = len(load.since(killed))
        logged = lively.log.stat().st_size - before
        with ThreadPoolExecutor() as threads:
            starting = threads.submit(cluster.start)
            wait_until(lambda: cluster.is_up)
            returned = time.monotonic()
            starting.result()
        wait_until(lambda: any(a.status == 200 for _, _, a in load.since(returned)))
        time.sleep(0.5)

    assert not load.broken, load.broken[:3]
    assert load.connects == 8, "HTTP connections were dropped"
    assert {a.status for _, _, a in load.answers} == {200, 201, 503}
    assert all(a.is_unavailable for _, _, a in load.answers if a.status == 503)
    assert logged / failed_until < 2048
    first = min(moment for moment, _, a in load.since(returned) if a.status == 200)
    assert first - returned < 2
    record_property("recovered_after_seconds", round(first - returned, 3))
    record_property("log_bytes_per_failed_request", round(logged / failed_until))
    database = lively.settings["database_url"].rsplit("/")[-1]
    assert load.acknowledged <= set(cluster.sql("SELECT id FROM orders", database).split())


def test_the_first_requests_after_a_restart_of_an_idle_database_succeed(
    cluster: Cluster, lively: Service
) -> None:
    clients = [lively.client(token) for token in [lively.token()] * 12]
    assert {a.status for a in together([c.place for c in clients])} == {201}
    cluster.stop("fast")
    cluster.start()

    answers = together([c.place for c in clients]) + together(
        [partial(c.get, "/orders") for c in clients]
    )

    assert {a.status for a in answers} == {200, 201}


def test_a_frozen_database_is_told_within_the_time_limits(make: Make, cluster: Cluster) -> None:
    url = cluster.database("frozen")
    with running(
        make(database_url=url, statement_seconds="1", pool_wait_seconds="1")
    ) as service:
        client = service.client()
        assert client.place().status == 201
        with cluster.frozen():
            began = time.monotonic()

            assert client.get("/orders").is_unavailable
            assert client.place().is_unavailable
            assert service.status("/readyz") == 503
            assert service.status("/livez") == 200
            assert time.monotonic() - began < 15

        wait_until(lambda: service.status("/readyz") == 200, service.told, seconds=10)
        assert client.place().status == 201
