"""Recordings of a real upstream, and answers from them when it is away."""

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from .conftest import SHOP, Live, Simulate, config

pytestmark = pytest.mark.anyio

SENT = {"name": "Anna", "password": "hunter2", "age": 30}


@pytest.fixture
def recorded(launch: Callable[..., Live], live_shop: Live, tmp_path: Path) -> Path:
    """What a process wrote down that stood in front of another one."""
    file = tmp_path / "recordings.jsonl"
    recording = launch(
        provider_document=str(SHOP),
        provider_mode="record",
        provider_upstream=live_shop.url,
        provider_recordings=str(file),
    )
    headers = {"x-api-key": "hunter3", "authorization": "Bearer hunter4"}
    for number in range(2):
        made = httpx2.post(f"{recording.url}/customers?token=hunter5", json=SENT, headers=headers)
        assert made.status_code == 201, number
    missing = httpx2.get(f"{recording.url}/customers/1", headers=headers)
    assert missing.status_code == 404
    return file


async def test_a_recording_is_replayed_in_its_order(recorded: Path, simulate: Simulate) -> None:
    replaying = await simulate(provider_mode="replay", provider_recordings=recorded)

    answers = [await replaying.post("/customers?token=other", json=SENT) for _ in range(3)]
    unknown = await replaying.get("/customers/1")
    elsewhere = await replaying.get("/prices")

    ids = [each.json()["id"] for each in answers]
    assert len(set(ids)) == 2
    assert ids[1] == ids[2]
    assert (unknown.status_code, elsewhere.json()) == (404, {"tea": 450})


def test_no_secret_gets_into_a_recording(recorded: Path) -> None:
    text = recorded.read_text()

    assert "hunter" not in text
    assert '"password":"[hidden]"' in text
    assert '"name":"Anna"' in text


async def test_an_upstream_that_is_away_is_told_as_such(simulate: Simulate, tmp_path: Path) -> None:
    recording = await simulate(
        provider_mode="record",
        provider_upstream="http://127.0.0.1:1",
        provider_recordings=tmp_path / "recordings.jsonl",
    )

    answer = await recording.get("/prices")

    assert answer.status_code == 503
    assert "127.0.0.1" not in answer.text


async def test_recording_needs_an_upstream(simulate: Simulate) -> None:
    with pytest.raises(config.BadConfigurationError, match="PROVIDER_UPSTREAM"):
        await simulate(provider_mode="record")
