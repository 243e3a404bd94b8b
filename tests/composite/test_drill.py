"""The fault drill: upstreams of a composite are killed, stopped and started again."""

import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx2
import pytest

from tests.support.drills import logged, memory, stopped, under_load, wait
from tests.support.processes import Running

from .conftest import QUICK, Stage, asking

HUNG = 4.0
"""Seconds after which an answer is no answer: more than a call may take, less than a hang."""


def test_a_dossier_is_made_of_what_a_real_service_tells(stage: Stage) -> None:
    composite = stage.composite(stage.first.url, stage.second.url)
    placed = [stage.place("carol") for _ in range(3)]

    answer = asking(composite, "carol").get("/dossiers/me")

    document = answer.json()
    assert answer.status_code == 200
    assert sorted(each["id"] for each in document["orders"]) == sorted(placed)
    assert document["totals"] == {"EUR": 2700}
    assert [each["changes"][0]["action"] for each in document["orders"]] == ["order_placed"] * 3
    assert document["complete"]


def test_instances_share_the_calls_and_a_request_is_found_in_all_logs(stage: Stage) -> None:
    composite = stage.composite(stage.first.url, stage.second.url, **QUICK)
    client = asking(composite)
    before = [len(each.lines()) for each in (stage.first, stage.second)]

    for number in range(20):
        client.get("/dossiers/me", headers={"x-request-id": f"drill-{number}"})

    served = [
        len([line for line in each.lines()[start:] if line["event"] == "request"])
        for each, start in zip((stage.first, stage.second), before, strict=True)
    ]
    assert sum(served) == 40, "orders and history of 20 dossiers"
    assert min(served) >= 5
    everywhere = [stage.first.lines_about("drill-7"), stage.second.lines_about("drill-7")]
    assert len([line for lines in everywhere for line in lines]) == 2


def test_no_dossier_is_that_of_another_under_load(stage: Stage) -> None:
    composite = stage.composite(stage.first.url, stage.second.url)
    people = [f"customer-{number}" for number in range(4)]
    placed = {person: stage.place(person) for person in people}
    clients = {person: asking(composite, person) for person in people}

    def ask(number: int) -> tuple[str, list[str]]:
        person = people[number % len(people)]
        document = clients[person].get("/dossiers/me").json()
        return person, [each["id"] for each in document["orders"]]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, range(120)))

    assert all(ids == [placed[person]] for person, ids in found)


@pytest.fixture
def spare(stage: Stage) -> Running:
    """An instance to be mistreated."""
    return stage.boot(stage.first.service, at=stage.first.service.path)


def test_the_death_of_one_of_two_instances_is_not_noticed(stage: Stage, spare: Running) -> None:
    composite = stage.composite(stage.first.url, spare.url, **QUICK)

    with under_load(partial(_timed, asking(composite))) as seen:
        wait(lambda: len(seen) > 20)
        spare.process.kill()
        wait(lambda: len(seen) > 120)

    assert {status for status, _ in seen} == {200}
    assert max(took for _, took in seen) < HUNG
    assert logged(composite, "instance_ejected")


def test_a_dead_upstream_is_told_at_once_and_called_again_when_it_is_back(
    stage: Stage, spare: Running
) -> None:
    composite = stage.composite(spare.url, **QUICK)
    client = asking(composite)
    assert client.get("/dossiers/me").status_code == 200

    spare.process.kill()
    spare.process.wait()
    gone = [_timed(client) for _ in range(20)]
    again = _restarted(stage, spare)
    wait(lambda: client.get("/dossiers/me").status_code == 200)
    back = client.get("/dossiers/me").json()

    assert {status for status, _ in gone} == {503}
    assert sorted(took for _, took in gone)[15] < 0.5, "an open circuit answers at once"
    assert back["complete"] or _until_complete(client)
    assert logged(composite, "circuit_opened")
    assert logged(composite, "circuit_closed")
    assert again.url == spare.url


def test_a_hanging_upstream_holds_nobody_for_long_and_harms_no_probe(
    stage: Stage, spare: Running
) -> None:
    composite = stage.composite(spare.url, **QUICK)

    with stopped(spare), ThreadPoolExecutor(16) as threads:
        before = memory(composite)
        client = asking(composite)
        asked = [threads.submit(_timed, client) for _ in range(150)]
        lively = [
            httpx2.get(f"{composite.url}/livez").elapsed.total_seconds() for _ in range(20)
        ]
        seen = [each.result() for each in asked]
        grown = memory(composite) - before

    assert {status for status, _ in seen} <= {503, 504}
    assert max(took for _, took in seen) < HUNG
    assert max(lively) < 1.0
    assert grown < 20_000
    wait(lambda: client.get("/dossiers/me").status_code == 200)


def test_an_upstream_that_restarts_under_load_loses_nobody_for_long(
    stage: Stage, spare: Running
) -> None:
    composite = stage.composite(stage.first.url, spare.url, **QUICK)

    with under_load(partial(_timed, asking(composite))) as seen:
        for _ in range(2):
            wait(lambda: len(seen) > 0)
            spare.process.kill()
            spare.process.wait()
            spare = _restarted(stage, spare)

    counts = Counter(status for status, _ in seen)
    assert counts[200] == sum(counts.values()), counts
    assert max(took for _, took in seen) < HUNG


def test_a_composite_that_is_stopped_answers_what_it_was_asked(stage: Stage) -> None:
    composite = stage.composite(stage.first.url, stage.second.url, DRAIN_SECONDS="60", **QUICK)

    with under_load(partial(_timed, asking(composite))) as seen:
        wait(lambda: len(seen) > 20)
        composite.process.send_signal(signal.SIGTERM)
        wait(lambda: asking(composite).get("/readyz").status_code == 503)
        told = len(seen)
        wait(lambda: len(seen) > told + 20)

    assert composite.stop() in (0, -signal.SIGTERM), "a second signal ends the draining"
    assert {status for status, _ in seen} == {200}


def _restarted(stage: Stage, gone: Running) -> Running:
    return stage.boot(gone.service, at=gone)


def _timed(client: httpx2.Client) -> tuple[int, float]:
    began = time.monotonic()
    return client.get("/dossiers/me").status_code, time.monotonic() - began


def _until_complete(client: httpx2.Client) -> bool:
    wait(lambda: bool(client.get("/dossiers/me").json().get("complete")))
    return True
