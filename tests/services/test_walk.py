"""The service as its callers meet it: a live process, real HTTP, both databases."""

import re
import signal
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.support.processes import Boot, Running
from tests.support.rendering import Service

if TYPE_CHECKING:
    from collections.abc import Callable

ORDER = {"currency": "EUR", "lines": [{"sku": "TEA-1", "quantity": 2, "unit_price": 450}]}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(scope="module", params=DATABASES)
def running(request: pytest.FixtureRequest, module_boot: Boot, service: Service) -> Running:
    """One process for each database; every test is a customer of its own."""
    if request.param == "sqlite":
        return module_boot(service)
    url = request.getfixturevalue("module_postgres_url")
    return module_boot(service, **{f"{service.prefix}DATABASE_URL": url})


@pytest.fixture
def subject(request: pytest.FixtureRequest) -> str:
    return str(request.node.originalname)


@pytest.fixture
def client(running: Running, subject: str) -> httpx2.Client:
    return running.client(running.token(subject=subject))


def test_an_order_lives_from_its_creation_to_its_end(client: httpx2.Client) -> None:
    placed = client.post("/orders", json=ORDER)
    place, first = placed.headers["location"], placed.headers["etag"]
    read = client.get(place)
    listed = client.get("/orders", params={"status": "placed", "limit": 1})
    changed = client.patch(place, json={"note": "no sugar"}, headers={"if-match": first})
    cancelled = client.post(f"{place}/cancel")
    deleted = client.delete(place)

    answers = (placed, read, listed, changed, cancelled, deleted)
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200, 204]
    assert read.json()["lines"] == ORDER["lines"]
    assert [each["id"] for each in listed.json()["items"]] == [placed.json()["id"]]
    assert changed.json()["note"] == "no sugar"
    assert changed.headers["etag"] != first
    assert client.get(place).status_code == 404


def test_what_cannot_be_is_refused_with_a_problem(
    running: Running, client: httpx2.Client
) -> None:
    placed = client.post("/orders", json=ORDER)
    place, etag = placed.headers["location"], placed.headers["etag"]
    client.patch(place, json={"note": "changed"})
    reader, stranger = running.token(scope="orders:read"), running.token(subject="bob")
    text = {"content-type": "text/plain"}
    refusals: dict[int, Callable[[], httpx2.Response]] = {
        401: lambda: running.client().get(place),
        403: lambda: running.client(reader).post("/orders", json=ORDER),
        404: lambda: running.client(stranger).get(place),
        405: lambda: client.put(place),
        409: lambda: client.delete(place),
        412: lambda: client.patch(place, json={"note": "x"}, headers={"if-match": etag}),
        413: lambda: client.post("/orders", json={**ORDER, "note": "x" * 2_000_000}),
        415: lambda: client.post("/orders", content=b"{}", headers=text),
        422: lambda: client.post("/orders", json={"currency": "euro"}),
    }

    for status, ask in refusals.items():
        answer = ask()
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status


def test_sending_an_order_twice_places_it_once(client: httpx2.Client) -> None:
    key = {"idempotency-key": "tea-for-two"}
    other = {**ORDER, "currency": "USD"}

    first, again = (client.post("/orders", json=ORDER, headers=key) for _ in range(2))
    different = client.post("/orders", json=other, headers=key)

    assert (first.status_code, again.status_code, different.status_code) == (201, 201, 422)
    assert first.json() == again.json()
    assert len(client.get("/orders").json()["items"]) == 1


def test_lists_are_read_page_by_page(client: httpx2.Client) -> None:
    placed = [client.post("/orders", json=ORDER).json()["id"] for _ in range(5)]

    seen: list[str] = []
    page: dict[str, Any] = {"limit": 2}
    while True:
        answer = client.get("/orders", params=page).json()
        seen += [each["id"] for each in answer["items"]]
        if not answer["next"]:
            break
        page["cursor"] = answer["next"]

    assert seen == placed[::-1]


def test_what_was_changed_is_in_the_audit_log(
    running: Running, client: httpx2.Client, subject: str
) -> None:
    place = client.post("/orders", json=ORDER).headers["location"]
    client.post(f"{place}/cancel")

    auditor = running.client(running.token(scope="audit:read"))
    entries = auditor.get("/audit").json()["items"]

    assert len([entry for entry in entries if entry["actor"] == subject]) == 2
    assert client.get("/audit").status_code == 403


def test_it_says_how_it_is(client: httpx2.Client) -> None:
    client.post("/orders", json=ORDER)
    client.get("/orders")

    for probe in ("/livez", "/readyz", "/startupz"):
        assert client.get(probe).status_code == 200
    metrics = client.get("/metrics").text
    assert re.search(r'^http_\w+_count\{.*route="/orders".*\} [1-9]', metrics, re.MULTILINE)


def test_every_request_leaves_one_line_with_its_ids(
    running: Running, client: httpx2.Client
) -> None:
    request_id = f"from-the-caller-{running.port}"
    headers = {
        "x-request-id": request_id,
        "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
    }

    answer = client.get("/orders", headers=headers)

    assert answer.headers["x-request-id"] == request_id
    lines = running.lines_about(request_id)
    assert len(lines) == 1
    assert lines[0]["trace_id"] == TRACE
    assert lines[0]["status"] == 200


def test_no_token_is_in_the_log(running: Running, subject: str) -> None:
    token = running.token(subject=subject)

    running.client(token).get("/orders")
    running.client(token + "x").get("/orders", params={"access_token": token})

    assert token not in running.log()
    assert token.rsplit(".", 1)[1] not in running.log()


@pytest.mark.parametrize("database", DATABASES)
def test_orders_keys_and_answers_survive_a_restart(
    boot: Boot, service: Service, database: str, request: pytest.FixtureRequest
) -> None:
    settings = {}
    if database == "postgresql":
        settings[f"{service.prefix}DATABASE_URL"] = request.getfixturevalue("postgres_url")
    first = boot(service, **settings)
    token, key = first.token(), {"idempotency-key": "once"}
    placed = first.client(token).post("/orders", json=ORDER, headers=key)

    ended = first.stop()
    again = boot(service, at=first.service.path, **first.extra).client(token)

    assert ended in {0, -signal.SIGTERM}
    assert "Traceback" not in first.log()
    assert again.get(placed.headers["location"]).status_code == 200
    assert again.post("/orders", json=ORDER, headers=key).json() == placed.json()
