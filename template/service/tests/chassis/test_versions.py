# Sealed: an update replaces this file.
"""`If-Match`: the versions that a caller insists on."""

from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from ..conftest import Settings, create_app, versions

pytestmark = pytest.mark.anyio


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    app = create_app(settings)

    @app.get("/third")
    async def third(expected: versions.ExpectedVersions) -> None:
        expected.check(3)

    @app.get("/one")
    async def one(version: versions.IfMatch) -> int | None:
        return version

    return app


async def ask(app: FastAPI, path: str, *tags: str) -> tuple[int, Any]:
    headers = {"if-match": tags[0]} if tags else {}
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        answer = await client.get(path, headers=headers)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    "tags", ['"3"', '"1", "3"', '"1","2" ,\t"3"', ', "3",, "4",', '"a,b", W/"3", "3"', "*", " * "]
)
async def test_any_tag_of_a_list_will_do(app: FastAPI, tags: str) -> None:
    assert (await ask(app, "/third", tags))[0] == 200


@pytest.mark.parametrize(
    "tags",
    ["", '"2"', '"1", "2"', 'W/"3"', "3", '"3" "4"', '"3", 4', '"3', '*, "3"', '"x"'],
)
async def test_no_other_is_taken_for_the_version(app: FastAPI, tags: str) -> None:
    status, problem = await ask(app, "/third", tags)

    assert status == 412
    assert problem["title"] == "Version changed"


async def test_who_says_nothing_insists_on_nothing(app: FastAPI) -> None:
    assert (await ask(app, "/third"))[0] == 200


@pytest.mark.parametrize(
    ("tags", "told"), [("*", (200, None)), ('"7"', (200, 7)), ('"7", "W/x"', (200, 7))]
)
async def test_slices_that_take_one_version_go_on_working(
    app: FastAPI, tags: str, told: tuple[int, int | None]
) -> None:
    assert await ask(app, "/one", tags) == told
    assert (await ask(app, "/one", '"7", "8"'))[0] == 412
