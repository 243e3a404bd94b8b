"""Requests are held to the document, and told in its own error shape where it has one."""

import httpx2
import pytest

from .conftest import Simulate

pytestmark = pytest.mark.anyio

ANNA = {"name": "Anna", "age": 30}


async def test_what_is_wrong_is_told_in_the_shape_of_the_document(shop: httpx2.AsyncClient) -> None:
    answer = await shop.post("/customers", json={"age": 100})

    assert answer.status_code == 422
    assert answer.json().keys() == {"error"}
    assert "`name` is missing" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("limit=0", "query.limit"),
        ("limit=many", "query.limit"),
        ("ids=1,two", "query.ids.1"),
        ("born[from]=soon", "query.born.from"),
    ],
)
async def test_a_wrong_parameter_is_a_problem_with_its_place(
    shop: httpx2.AsyncClient, query: str, place: str
) -> None:
    answer = await shop.get(f"/customers?{query}")

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [each["at"] for each in answer.json()["errors"]] == [place]


async def test_parameters_in_every_style_are_understood(shop: httpx2.AsyncClient) -> None:
    trace = {"x-trace": "6f1ed002-ab5b-4a6c-8b2f-1f0a0b6a8a11"}

    fine = await shop.get("/customers?ids=1,2&born[from]=1980&born[to]=1990", headers=trace)
    wrong = await shop.get("/customers", headers={"x-trace": "mine"})

    assert fine.status_code == 200
    assert wrong.json()["errors"][0]["at"] == "header.X-Trace"


async def test_forms_are_read_like_json(shop: httpx2.AsyncClient) -> None:
    urlencoded = await shop.post("/customers", data={"name": "Anna", "age": "30", "tags[]": "a"})
    multipart = await shop.post("/customers", files={"name": (None, "Anna"), "age": (None, "30")})

    assert (urlencoded.status_code, urlencoded.json()["age"]) == (201, 30)
    assert urlencoded.json()["tags"] == ["a"]
    assert (multipart.status_code, multipart.json()["age"]) == (201, 30)


async def test_a_body_that_is_no_json_or_of_another_type_is_refused(
    shop: httpx2.AsyncClient,
) -> None:
    json = {"content-type": "application/json"}
    broken = await shop.post("/customers", content=b"{", headers=json)
    strange = await shop.post("/customers", content=b"a", headers={"content-type": "text/csv"})
    absent = await shop.post("/customers")

    assert {broken.status_code, strange.status_code, absent.status_code} == {422}


async def test_only_callers_send_what_is_write_only(shop: httpx2.AsyncClient) -> None:
    made = await shop.post("/customers", json={**ANNA, "password": "hunter2"})

    assert made.status_code == 201
    assert "password" not in made.json()
    assert made.json()["joined"]


async def test_credentials_are_wanted_but_not_looked_at(shop: httpx2.AsyncClient) -> None:
    del shop.headers["x-api-key"]

    without = await shop.get("/prices")
    with_some = await shop.get("/prices", headers={"x-api-key": "whatever"})
    open_to_all = await shop.get("/weather")

    assert [each.status_code for each in (without, with_some, open_to_all)] == [401, 200, 200]


async def test_checks_can_be_switched_off(simulate: Simulate) -> None:
    lax = await simulate(provider_checks_requests=False, provider_checks_security=False)
    del lax.headers["x-api-key"]

    answer = await lax.get("/customers?limit=0")

    assert answer.status_code == 200
