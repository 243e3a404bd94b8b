"""Scenarios: answers in a row for requests that match, switched at run time."""

from pathlib import Path

import httpx2
import pytest

from .conftest import Simulate, config

pytestmark = pytest.mark.anyio


async def test_a_scenario_answers_in_a_row_once_it_is_switched_on(shop: httpx2.AsyncClient) -> None:
    before = await shop.get("/prices")

    switched = await shop.put("/_simulator/scenarios/closing", json={"active": True})
    answers = [await shop.get("/prices") for _ in range(4)]

    assert (before.status_code, switched.status_code) == (200, 204)
    assert [each.status_code for each in answers] == [503, 200, 200, 200]
    assert not answers[1].content.endswith(b"}")
    assert [each.json() for each in answers[2:]] == [{"tea": 450}] * 2


async def test_switching_again_begins_from_the_first_answer(shop: httpx2.AsyncClient) -> None:
    await shop.put("/_simulator/scenarios/closing", json={"active": True})
    await shop.get("/prices")

    await shop.put("/_simulator/scenarios/closing", json={"active": True})
    again = await shop.get("/prices")
    seen = (await shop.get("/_simulator/scenarios")).json()

    assert again.status_code == 503
    assert seen["closing"] == {"active": True, "steps_taken": 1}


async def test_a_scenario_matches_by_what_the_body_holds(shop: httpx2.AsyncClient) -> None:
    refused = await shop.post("/customers", json={"name": "Mallory", "city": "Rome"})
    taken = await shop.post("/customers", json={"name": "Anna"})

    assert (refused.status_code, refused.json()) == (422, {"error": {"message": "not you"}})
    assert refused.headers["x-reason"] == "fraud"
    assert taken.status_code == 201


async def test_an_unknown_scenario_is_told_as_such(shop: httpx2.AsyncClient) -> None:
    answer = await shop.put("/_simulator/scenarios/opening", json={"active": True})

    assert answer.status_code == 404


async def test_every_mistake_in_the_file_is_named_at_start(
    simulate: Simulate, tmp_path: Path
) -> None:
    file = tmp_path / "scenarios.yml"
    file.write_text("scenarios: {a: {answers: []}, b: {wenn: 1}}\nrule: {}\n")

    with pytest.raises(config.BadConfigurationError) as refused:
        await simulate(provider_scenarios=file)

    told = " ".join(refused.value.problems)
    for place in ("scenarios.a.when", "scenarios.a.answers", "scenarios.b.wenn", "rule"):
        assert f"`{place}`" in told
