"""Queries on a real streaming replica: behind, away, promoted, and none at all."""

import re
import time

import pytest

from tests.faults.postgres import Cluster
from tests.support.drills import logged, wait

from .conftest import Open, Shop
from .standby import Standby

QUICK = {"READ_MODEL": "replica", "READ_WAIT_SECONDS": "0.5", "READ_LAG_SECONDS": "0.1"}


def test_a_database_that_is_no_replica_is_refused_at_start(
    primary: Cluster, open_shop: Open, database: str
) -> None:
    other = primary.url("postgres")

    shop = open_shop(ready="", DATABASE_URL=database, READ_DATABASE_URL=other, **QUICK)

    assert shop.running.process.wait(30) == 78
    assert "READ_DATABASE_URL is not usable" in shop.running.log()
    assert "the read database is no replica" in shop.running.log()
    assert "Traceback" not in shop.running.log()


def test_a_replica_of_another_database_is_refused_at_start(
    standby: Standby, open_shop: Open, module_postgres_url: str
) -> None:
    shop = open_shop(
        ready="", DATABASE_URL=module_postgres_url, READ_DATABASE_URL=standby.url(), **QUICK
    )

    assert shop.running.process.wait(30) == 78
    assert "a replica of another database than ours" in shop.running.log()


def test_it_is_read_behind_the_writer_and_tells_when_it_is_not_there(
    standby: Standby, open_shop: Open, database: str
) -> None:
    name = database.rpartition("/")[2]
    shop = open_shop(DATABASE_URL=database, READ_DATABASE_URL=standby.url(name), **QUICK)

    _reads_its_own_writes(shop)
    _says_when_it_is_behind(shop, standby)
    _goes_on_with_commands_while_it_is_away(shop, standby)
    _cannot_be_rebuilt(shop)
    _is_refused_once_it_is_promoted(shop, standby)


def _reads_its_own_writes(shop: Shop) -> None:
    for number in range(30):
        published = shop.publish(f"Tea {number}")

        assert shop.shown(published).status_code == 200
    assert shop.count("tea") == 30


def _says_when_it_is_behind(shop: Shop, standby: Standby) -> None:
    with standby.behind():
        published = shop.publish()
        began = time.monotonic()
        waited = shop.shown(published)
        took = time.monotonic() - began
        hurried = shop.shown(published, waits=False)
        wait(lambda: _figure(shop, "read_model_lag_seconds") > 0.5)
        told = shop.running.command("catalogue", "lag")

    assert (waited.status_code, hurried.status_code) == (503, 404)
    assert waited.headers["retry-after"] == "1"
    assert 0.5 <= took < 3
    assert "1 behind, the oldest change for" in told
    wait(lambda: shop.shown(published).status_code == 200)
    wait(lambda: _figure(shop, "read_model_lag_seconds") == 0)
    assert "nothing behind; replayed up to" in shop.running.command("catalogue", "lag")


def _goes_on_with_commands_while_it_is_away(shop: Shop, standby: Standby) -> None:
    standby.stop("immediate")
    published = shop.publish()
    away = shop.shown(published, waits=False)
    shop.running.wait("/readyz", 503)
    standby.start()
    shop.running.wait("/readyz", 200)

    assert published.status_code == 200
    assert away.status_code == 503
    wait(lambda: shop.shown(published).status_code == 200)


def _cannot_be_rebuilt(shop: Shop) -> None:
    with pytest.raises(AssertionError, match="pg_basebackup"):
        shop.running.command("catalogue", "rebuild")


def _is_refused_once_it_is_promoted(shop: Shop, standby: Standby) -> None:
    standby.promote()

    shop.running.wait("/readyz", 503)
    asked = shop.client.get("/catalogue")

    assert asked.status_code == 503
    assert "takes writes of its own" in asked.json()["detail"]
    assert logged(shop.running, "not_a_replica")


def _figure(shop: Shop, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", shop.client.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else -1.0
