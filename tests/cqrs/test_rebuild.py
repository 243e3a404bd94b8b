"""A rebuild that is killed, beside services that answer: on SQLite and on PostgreSQL."""

import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.drills import under_load, wait
from tests.support.environment import Environment

from .conftest import Open, Shop

MANY = 8000
_COLUMNS = (
    "id, sku, name, description, category, price, status, search, added_at, changed_at,"
    " published_at, version"
)
Sql = Callable[[str, str], str]


def _sqlite(file: str, statement: str) -> str:
    with sqlite3.connect(file.removeprefix("sqlite:///"), timeout=10) as connection:
        row = connection.execute(statement).fetchone()
    connection.close()
    return str(row[0]) if row else ""


def _fill(sql: Sql, url: str) -> None:
    """Products that no event tells of: only a rebuild brings them."""
    at = "'2026-01-01 00:00:00'"
    sql(
        url,
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})"
        f" INSERT INTO products ({_COLUMNS}) SELECT {_ID[sql is _sqlite]}, 'BULK-' || i,"
        f" 'Bulk', '', 'bulk', i, 'published', 'bulk', {at}, {at}, {at}, 1 FROM n",
    )


_ID = {True: "printf('%032x', i)", False: "lpad(to_hex(i), 32, '0')::uuid"}


@pytest.fixture(params=["sqlite", pytest.param("pg", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Sql, str, str]:
    """How to ask a database, and the two of a shop."""
    if request.param == "sqlite":
        return _sqlite, f"sqlite:///{tmp_path}/first.db", f"sqlite:///{tmp_path}/read.db"
    primary = request.getfixturevalue("primary")
    urls = [primary.database(f"shop_{uuid4().hex[:12]}") for _ in range(2)]

    def sql(url: str, statement: str) -> str:
        return primary.sql(statement, url.rpartition("/")[2])

    return sql, urls[0], urls[1]


def test_a_rebuild_that_is_killed_leaves_the_old_tables_shown(
    place: tuple[Sql, str, str], open_shop: Open, everything: Environment
) -> None:
    sql, first, read = place
    shop = open_shop(DATABASE_URL=first, READ_DATABASE_URL=read, READ_MEND_SECONDS="3600")
    for number in range(5):
        published = shop.publish(f"Tea {number}", category="tea")
    assert shop.shown(published).status_code == 200
    _fill(sql, first)

    with under_load(lambda: (shop.count("tea"), shop.count("bulk"))) as seen:
        killed = _started(shop, everything)
        wait(lambda: int(sql(read, "SELECT count(*) FROM catalogue_green")) > 500)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        before = set(seen)
        late = shop.publish("While it lies dead", category="late")
        shown = shop.shown(late).status_code
        wait(lambda: _started(shop, everything).wait() == 0, seconds=60)
        wait(lambda: (5, MANY) in seen)

    assert before == {(5, 0)}, "nothing of the half of it"
    assert set(seen) <= {(5, 0), (5, MANY)}
    assert shown == 200
    assert shop.count("late") == 1
    assert "nothing behind; green is shown" in shop.running.command("catalogue", "lag")


def _started(shop: Shop, everything: Environment) -> subprocess.Popen[bytes]:
    service = shop.running.service
    python = everything.around(service) / "bin/python"
    return subprocess.Popen(
        [python, "-m", service.package, "catalogue", "rebuild"],
        cwd=service.path,
        env=everything.variables(service, shop.running.extra),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
