# Sealed: an update replaces this file.
"""Health checks."""

import asyncio

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ["/livez", "/startupz", "/readyz"])
async def test_a_healthy_service_says_so(anonymous: AsyncClient, path: str) -> None:
    assert (await anonymous.get(path)).status_code == 200


async def test_a_failed_check_is_named_without_its_details(
    anonymous: AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise ConnectionError("postgresql://app:hunter2@db refused")

    monkeypatch.setitem(app.state.health._checks, "database", fail)

    ready = await anonymous.get("/readyz")
    alive = await anonymous.get("/livez")

    assert ready.status_code == 503
    assert ready.json()["checks"]["database"] == "failed: ConnectionError"
    assert "hunter2" not in ready.text
    assert alive.status_code == 200


async def test_a_check_that_hangs_is_cut_off(
    anonymous: AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    async def answer() -> None:
        """At once."""

    monkeypatch.setattr(app.state.health, "_seconds", 0.5)
    monkeypatch.setitem(app.state.health._checks, "hanging", hang)
    monkeypatch.setitem(app.state.health._checks, "quick", answer)

    ready = await anonymous.get("/readyz")

    assert ready.status_code == 503
    checks = ready.json()["checks"]
    assert (checks["quick"], checks["hanging"]) == ("ok", "no answer within 0.5 s")


async def test_many_who_ask_at_once_cause_one_round_of_checks(
    anonymous: AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[str] = []

    async def check() -> None:
        rounds.append("checked")
        await asyncio.sleep(0.05)

    monkeypatch.setitem(app.state.health._checks, "database", check)

    answers = await asyncio.gather(*(anonymous.get("/readyz") for _ in range(20)))

    assert {answer.status_code for answer in answers} == {200}
    assert len(rounds) == 1


async def test_a_service_that_stops_takes_no_more_traffic(
    anonymous: AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state.lifecycle, "draining", True)

    ready = await anonymous.get("/readyz")

    assert ready.status_code == 503
    assert ready.json() == {"status": "stopping"}
