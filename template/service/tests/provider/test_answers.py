"""Answers: examples that fit, else data from the schema, the same for the same seed."""

import httpx2
import pytest

from .conftest import SHOP, Simulate, answers, document, engine

pytestmark = pytest.mark.anyio


async def test_the_first_example_that_fits_is_answered(shop: httpx2.AsyncClient) -> None:
    answer = await shop.get("/prices")

    assert (answer.status_code, answer.json()) == (200, {"tea": 450})


async def test_a_caller_may_prefer_an_example_or_a_status(shop: httpx2.AsyncClient) -> None:
    sale = await shop.get("/prices", headers={"prefer": "example=sale"})
    closed = await shop.get("/prices", headers={"prefer": "code=503"})

    assert sale.json() == {"tea": 300}
    assert (closed.status_code, closed.content) == (503, b"")


async def test_without_examples_data_is_made_that_fits_the_schema(simulate: Simulate) -> None:
    shop = engine.build(document.load(SHOP), seed="x")
    operation = shop.operations.named("getWeather")
    assert operation is not None
    [response] = operation.responses().values()
    schema = response.get("content").get("application/json").get("schema")  # type: ignore[union-attr]

    for seed in range(20):
        client = await simulate(provider_seed=str(seed))
        weather = (await client.get("/weather")).json()

        assert shop.answers.fits(schema, weather), weather


async def test_the_same_seed_gives_the_same_answers(simulate: Simulate) -> None:
    seeds = ("1", "1", "2")

    first, again, other = [
        (await (await simulate(provider_seed=seed)).get("/weather")).json() for seed in seeds
    ]

    assert first == again
    assert first != other


async def test_different_requests_are_answered_differently(shop: httpx2.AsyncClient) -> None:
    one, two, one_again = [(await shop.get(f"/customers/{number}")).json() for number in (1, 2, 1)]

    assert (one["id"], two["id"]) == (1, 2)
    assert one == one_again
    assert one["joined"] != two["joined"]


async def test_paths_work_with_and_without_the_path_of_the_server(shop: httpx2.AsyncClient) -> None:
    bare, prefixed = await shop.get("/prices"), await shop.get("/api/prices")

    assert bare.json() == prefixed.json()


async def test_what_the_document_does_not_have_is_told(shop: httpx2.AsyncClient) -> None:
    unknown, wrong = await shop.get("/sweets"), await shop.delete("/prices")

    assert unknown.status_code == 404
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")


async def test_the_documentation_shows_the_document(shop: httpx2.AsyncClient) -> None:
    shown = (await shop.get("/openapi.json")).json()

    assert shown["info"]["title"] == "Shop"
    assert shown["paths"].keys() == document.load(SHOP).source["paths"].keys()


def test_a_schema_that_nothing_fits_is_named_with_its_place() -> None:
    schema = {"type": "string", "pattern": "^a+$", "enum": ["b"]}
    responses = {"200": {"description": "-", "content": {"text/plain": {"schema": schema}}}}
    source = {"openapi": "3.1.0", "info": {}, "paths": {"/x": {"get": {"responses": responses}}}}
    made = engine.build(document.understood(source), seed="1")

    [gap] = engine.gaps(made)

    assert gap.place == "GET /x"
    assert "/paths/~1x/get/responses/200/content/text~1plain/schema" in gap.what


def test_recursion_ends() -> None:
    tree = {"type": "object", "required": ["kids"], "properties": {}}
    tree["properties"] = {"kids": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}}
    operation = {"responses": {"200": {"description": "-", "content": content}}}
    source = {
        "openapi": "3.1.0",
        "paths": {"/tree": {"get": operation}},
        "components": {"schemas": {"Tree": tree}},
    }
    made = engine.build(document.understood(source), seed="1")

    answer: answers.Answer = made.answers.make(made.operations.all[0])

    assert isinstance(answer.value["kids"], list)
    assert engine.gaps(made) == []
