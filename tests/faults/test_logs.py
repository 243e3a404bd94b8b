"""What a log may never hold; `Service.stop` looks at every log of the whole run."""

import sqlite3
from contextlib import closing

import pytest

from .conftest import Make
from .postgres import Cluster
from .service import MARK, Service, running

REFUSE = "CREATE TRIGGER refuse BEFORE INSERT ON orders BEGIN SELECT json('{'); END"


def seen(service: Service, word: str) -> bool:
    return word in service.log.read_text()


def test_a_statement_that_fails_is_logged_without_its_values(make: Make) -> None:
    with running(make()) as service:
        with closing(sqlite3.connect(service.folder / "service.db")) as database:
            database.execute(REFUSE)

        assert service.client().place().status >= 500
        assert not seen(service, MARK)


@pytest.mark.postgres
def test_a_statement_that_fails_on_postgresql_is_logged_without_its_values(
    cluster: Cluster, make: Make
) -> None:
    body = "$$ BEGIN RAISE EXCEPTION 'no'; END $$"
    refuse = f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS {body}"
    with running(make(database_url=cluster.database("failing"))) as service:
        cluster.sql(refuse, "failing")
        cluster.sql("CREATE TRIGGER t BEFORE INSERT ON orders EXECUTE FUNCTION f()", "failing")
        before = service.log.stat().st_size

        answer = service.client().place()

        assert answer.status == 500
        assert answer.is_problem
        assert "no" not in answer.json().get("detail", "")
        assert seen(service, "unhandled_exception")
        assert not seen(service, MARK)
        assert service.log.stat().st_size - before < 4096


@pytest.mark.parametrize("form", ["json", "console"])
def test_debugging_shows_statements_but_no_secrets(make: Make, form: str) -> None:
    with running(make(debug="true", log_level="DEBUG", log_format=form)) as service:
        client = service.client()

        assert client.place(idempotency_key="k").status == 201
        assert client.place(idempotency_key="k").status == 201
        client.post("/orders", f"{{{MARK}".encode(), cookie=f"session={MARK}", x_api_key=MARK)
        client.get(f"/orders?cursor={MARK}")

        assert seen(service, "INSERT INTO orders")
        assert not seen(service, MARK)
