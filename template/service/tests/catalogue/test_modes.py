"""Which read model there is: what each one needs, and a materialized view where PostgreSQL is."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..conftest import PACKAGE, PREFIX, SERVER
from .shop import Shop

SQLITE, OTHER = "sqlite:///var/service.db", "sqlite:///var/read.db"
POSTGRES, REPLICA = "postgresql://app@db.internal/app", "postgresql://app@replica.internal/app"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (("projection", SQLITE, SQLITE), "must not be"),
        (("projection", POSTGRES, POSTGRES), "must not be"),
        (("materialized_view", SQLITE, None), "needs PostgreSQL, and"),
        (("materialized_view", POSTGRES, REPLICA), "leave"),
        (("replica", SQLITE, REPLICA), "needs PostgreSQL, and"),
        (("replica", POSTGRES, OTHER), "needs PostgreSQL, and"),
        (("replica", POSTGRES, None), "the streaming replica of"),
        (("replica", POSTGRES, POSTGRES), "the streaming replica of"),
        (("cache", SQLITE, None), "READ_MODEL is not usable"),
    ],
)
def test_a_mode_on_a_database_that_cannot_carry_it_is_refused(
    settings: tuple[str, str, str | None], sentence: str, tmp_path: Path
) -> None:
    names = ("READ_MODEL", "DATABASE_URL", "READ_DATABASE_URL")
    given = {f"{PREFIX}{name}": value for name, value in zip(names, settings, strict=True) if value}

    refused = subprocess.run(
        [sys.executable, "-m", PACKAGE, "serve"],
        env=given,
        cwd=tmp_path,
        text=True,
        capture_output=True,
        timeout=30,
    )

    problems = [line for line in refused.stderr.splitlines() if PREFIX in line]
    assert refused.returncode == 78
    assert len(problems) == 1
    assert sentence in problems[0]
    assert "Traceback" not in refused.stderr


@pytest.fixture
async def view(open_shop: Callable[..., Any]) -> Shop:
    if SERVER is None:
        pytest.skip("a materialized view needs PostgreSQL")
    shop: Shop = await open_shop(
        read_model="materialized_view", read_database_url=None, read_debounce_seconds=0.05
    )
    return shop


@pytest.mark.anyio
async def test_a_view_shows_what_is_published_and_no_longer_what_is_withdrawn(view: Shop) -> None:
    published = await view.publish(name="Straße", price=1000)
    product_id = published.json()["id"]
    repriced = await view.client.put(f"/products/{product_id}/price", json={"price": 750})
    shown = await view.shown(product_id, after=repriced)

    withdrawn = await view.client.post(f"/products/{product_id}/withdraw")
    gone = await view.shown(product_id, after=withdrawn)

    assert (shown.json()["was"], shown.json()["reduced_by"]) == (1000, 25)
    assert gone.status_code == 404


@pytest.mark.anyio
async def test_a_view_answers_searches_as_a_projection_does(view: Shop) -> None:
    await view.publish(name="Assam")
    last = await view.publish(name="Straße", price=200)
    await view.caught_up()

    assert await view.names(after=last, sort="price") == ["Straße", "Assam"]
    assert await view.names(q="STRASSE") == ["Straße"]


@pytest.mark.anyio
async def test_readers_of_a_view_see_a_whole_catalogue_all_the_time(view: Shop) -> None:
    for number in range(10):
        await view.publish(name=f"Tea {number}")
    await view.caught_up()
    over = asyncio.Event()
    seen: set[int] = set()

    async def read() -> None:
        while not over.is_set():
            seen.add(len(await view.names(limit=100)))

    reading = asyncio.create_task(read())
    for _ in range(5):
        assert "refresh" in await view.model.rebuild()
    over.set()
    await reading

    assert seen == {10}


@pytest.mark.anyio
async def test_a_view_is_refreshed_for_changes_of_other_processes_too(
    view: Shop, open_shop: Callable[..., Any]
) -> None:
    second: Shop = await open_shop(databases_of=view)

    for number in range(5):
        published = await second.publish(name=f"Tea {number}")
        shown = await view.shown(published.json()["id"], after=published)

        assert shown.status_code == 200
