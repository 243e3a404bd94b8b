"""Faults reach the caller as they would from a network and a provider in trouble."""

import time

import httpx2
import pytest

from .conftest import KEY, Live, Simulate

pytestmark = pytest.mark.anyio

HEADER = "x-simulator-fault"


def ask(live: Live, fault: str, *, timeout: float = 5) -> httpx2.Response:
    return httpx2.get(f"{live.url}/prices", headers={**KEY, HEADER: fault}, timeout=timeout)


def test_a_reset_breaks_the_connection_before_any_answer(live_shop: Live) -> None:
    with pytest.raises(httpx2.TransportError) as broken:
        ask(live_shop, "reset")

    assert isinstance(broken.value, httpx2.ReadError | httpx2.RemoteProtocolError)
    assert "reset" in str(broken.value).lower()
    assert httpx2.get(f"{live_shop.url}/prices", headers=KEY).status_code == 200
    assert "Traceback" not in live_shop.log.read_text()


def test_a_timeout_outlasts_the_deadline_of_the_service(live_shop: Live) -> None:
    with pytest.raises(httpx2.ReadTimeout):
        ask(live_shop, "timeout", timeout=2.0)


def test_a_latency_may_be_longer_than_the_deadline_too(live_shop: Live) -> None:
    began = time.monotonic()

    answer = ask(live_shop, "latency=1.5")

    assert answer.json() == {"tea": 450}
    assert time.monotonic() - began >= 1.5


def test_a_slow_body_trickles(live_shop: Live) -> None:
    began = time.monotonic()

    with httpx2.stream(
        "GET", f"{live_shop.url}/prices", headers={**KEY, HEADER: "slow-body=1"}
    ) as answer:
        first = time.monotonic() - began
        pieces = list(answer.iter_raw())

    assert first < 0.9 < time.monotonic() - began
    assert len(pieces) > 3
    assert b"".join(pieces) == b'{"tea":450}'


def test_malformed_json_has_a_right_length_and_a_wrong_content(live_shop: Live) -> None:
    answer = ask(live_shop, "malformed")

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"column \d+"):
        answer.json()


async def test_a_broken_answer_comes_after_the_deed(shop: httpx2.AsyncClient) -> None:
    sent = {"name": "Anna"}

    broken = await shop.post("/customers", json=sent, headers={HEADER: "malformed"})
    refused = await shop.post("/customers", json=sent, headers={HEADER: "status=503"})

    assert (broken.status_code, refused.status_code) == (201, 503)
    assert (await shop.get("/customers")).json()["total"] == 1


async def test_rules_strike_some_calls_and_as_often_as_they_say(shop: httpx2.AsyncClient) -> None:
    rule = {"operation": "getPrices", "fault": {"status": 503}, "times": 2}

    await shop.put("/_simulator/faults", json=[rule])
    prices = [(await shop.get("/prices")).status_code for _ in range(3)]
    weather = await shop.get("/weather")
    shown = (await shop.get("/_simulator/faults")).json()
    await shop.put("/_simulator/faults", json=[])

    assert prices == [503, 503, 200]
    assert weather.status_code == 200
    assert shown[0]["times"] == 2
    assert (await shop.get("/_simulator/faults")).json() == []


async def test_chance_is_the_same_for_the_same_seed(simulate: Simulate) -> None:
    rule = {"fault": {"status": 500}, "probability": 0.5}
    seen = []

    for _ in range(2):
        shop = await simulate()
        await shop.put("/_simulator/faults", json=[rule])
        seen.append([(await shop.get("/prices")).status_code for _ in range(20)])

    assert seen[0] == seen[1]
    assert set(seen[0]) == {200, 500}


async def test_a_fault_that_does_not_exist_is_refused(shop: httpx2.AsyncClient) -> None:
    asked = await shop.get("/prices", headers={HEADER: "explode"})
    ruled = await shop.put("/_simulator/faults", json=[{"fault": {"explode": True}}])

    assert (asked.status_code, ruled.status_code) == (400, 422)


async def test_callers_can_be_kept_from_asking_for_faults(simulate: Simulate) -> None:
    calm = await simulate(provider_fault_headers=False)

    assert (await calm.get("/prices", headers={HEADER: "status=503"})).status_code == 200
