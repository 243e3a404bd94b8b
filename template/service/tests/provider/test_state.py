"""Collections remember what was done to them."""

from pathlib import Path

import httpx2
import pytest

from .conftest import Simulate

pytestmark = pytest.mark.anyio

ANNA = {"name": "Anna", "city": "Rome"}


async def test_what_was_made_can_be_read_listed_changed_and_removed(
    shop: httpx2.AsyncClient,
) -> None:
    made = await shop.post("/customers", json=ANNA)
    place = made.headers["location"]

    read = await shop.get(place)
    listed = await shop.get("/customers")
    changed = await shop.patch(place, json={"name": "Anne"})
    removed = await shop.delete(place)
    gone = await shop.get(place)

    assert read.json() == made.json()
    assert (made.json()["name"], made.json()["city"]) == ("Anna", "Rome")
    assert (listed.json()["data"], listed.json()["total"]) == ([made.json()], 1)
    assert changed.json() == {**made.json(), "name": "Anne", "age": 33}
    assert (removed.status_code, gone.status_code) == (204, 404)
    assert gone.json().keys() == {"error"}
    assert (await shop.get("/customers")).json()["data"] == []


async def test_a_list_is_filtered_and_cut_as_the_query_says(shop: httpx2.AsyncClient) -> None:
    for city in ("Rome", "Oslo", "Rome", "Rome"):
        await shop.post("/customers", json={**ANNA, "city": city})

    page = (await shop.get("/customers?city=Rome&limit=2")).json()
    rest = (await shop.get("/customers?city=Rome&limit=2&offset=2")).json()

    assert [each["city"] for each in page["data"]] == ["Rome", "Rome"]
    assert (page["total"], page["has_more"]) == (3, True)
    assert (len(rest["data"]), rest["has_more"]) == (1, False)


async def test_every_resource_has_an_id_of_its_own(shop: httpx2.AsyncClient) -> None:
    made = [(await shop.post("/customers", json=ANNA)).json()["id"] for _ in range(20)]

    assert len(set(made)) == 20


async def test_what_lies_below_a_resource_belongs_to_it(shop: httpx2.AsyncClient) -> None:
    one, two = [(await shop.post("/customers", json=ANNA)).headers["location"] for _ in "ab"]

    note = await shop.post(f"{one}/notes", json={"text": "tea"})
    nowhere = await shop.post("/customers/1/notes", json={"text": "tea"})

    assert (await shop.get(f"{one}/notes")).json() == [note.json()]
    assert (await shop.get(f"{two}/notes")).json() != [note.json()]
    assert (await shop.get(one)).json()["city"] == "Noted"
    assert nowhere.status_code == 404


async def test_a_rule_may_want_another_state(shop: httpx2.AsyncClient) -> None:
    oslo = (await shop.post("/customers", json={**ANNA, "city": "Oslo"})).headers["location"]

    refused = await shop.patch(oslo, json={"name": "Anne"})

    assert refused.status_code == 409
    assert (await shop.get(oslo)).json()["name"] == "Anna"


async def test_before_anything_was_written_there_are_examples(simulate: Simulate) -> None:
    lenient, strict = await simulate(), await simulate(provider_unknown="missing")

    assert (await lenient.get("/customers/7")).json()["id"] == 7
    assert len((await lenient.get("/customers")).json()["data"]) == 1
    assert (await strict.get("/customers/7")).status_code == 404
    assert (await strict.get("/customers")).json()["data"] == []


async def test_a_file_keeps_the_state(simulate: Simulate, tmp_path: Path) -> None:
    store = str(tmp_path / "var" / "shop.db")
    before = await simulate(provider_store=store)
    made = await before.post("/customers", json=ANNA)

    after = await simulate(provider_store=store)

    assert (await after.get(made.headers["location"])).json() == made.json()
    assert len((await after.get("/_simulator/calls")).json()["items"]) == 2


async def test_the_state_can_be_seen_and_forgotten(shop: httpx2.AsyncClient) -> None:
    made = await shop.post("/customers", json=ANNA)

    seen = (await shop.get("/_simulator/state")).json()
    forgotten = await shop.delete("/_simulator/state")

    assert seen["/customers"][0]["id"] == made.json()["id"]
    assert forgotten.status_code == 204
    assert (await shop.get("/_simulator/state")).json() == {}
