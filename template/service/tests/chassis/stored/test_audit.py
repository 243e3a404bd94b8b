# Sealed: an update replaces this file.
"""The audit log: who changed what."""

import pytest
from httpx2 import AsyncClient

from ...conftest import Token
from .sample import SAMPLE

pytestmark = pytest.mark.anyio


async def test_every_change_is_written_down(client: AsyncClient) -> None:
    placed = await client.post("/samples", json=SAMPLE, headers={"x-request-id": "req-1"})
    sample_id = placed.json()["id"]
    await client.post(f"/samples/{sample_id}/cancel")

    page = (await client.get("/audit", params={"entity_id": sample_id})).json()

    cancelled, first = page["items"]
    assert [cancelled["action"], first["action"]] == ["sample_cancelled", "sample_placed"]
    assert first["actor"] == "alice"
    assert first["request_id"] == "req-1"
    assert cancelled["before"]["status"] == "placed"
    assert cancelled["after"]["status"] == "cancelled"


async def test_it_shows_what_a_change_has_changed(client: AsyncClient) -> None:
    placed = await client.post("/samples", json={**SAMPLE, "note": "before"})
    await client.patch(placed.headers["location"], json={"note": "after"})

    entry = (await client.get("/audit", params={"limit": 1})).json()["items"][0]

    assert (entry["before"]["note"], entry["after"]["note"]) == ("before", "after")
    assert entry["before"]["lines"] == entry["after"]["lines"] == SAMPLE["lines"]


async def test_what_did_not_happen_is_not_written_down(client: AsyncClient) -> None:
    placed = await client.post("/samples", json=SAMPLE)
    await client.delete(placed.headers["location"])

    page = (await client.get("/audit")).json()

    assert [item["action"] for item in page["items"]] == ["sample_placed"]


async def test_it_is_read_a_page_at_a_time(client: AsyncClient) -> None:
    for _ in range(5):
        await client.post("/samples", json=SAMPLE)

    first = (await client.get("/audit", params={"limit": 3})).json()
    second = (await client.get("/audit", params={"limit": 3, "cursor": first["next"]})).json()

    ids = [item["id"] for item in first["items"] + second["items"]]
    assert len(set(ids)) == len(ids) == 5
    assert second["next"] is None


async def test_it_needs_a_scope_of_its_own(anonymous: AsyncClient, token: Token) -> None:
    bearer = {"authorization": f"Bearer {token(scope='samples:read')}"}

    assert (await anonymous.get("/audit", headers=bearer)).status_code == 403
