"""Orders under concurrent callers."""

import asyncio
from collections import Counter

import pytest
from httpx2 import AsyncClient

from ..conftest import ORDER

pytestmark = pytest.mark.anyio


async def test_writers_wait_for_each_other(client: AsyncClient) -> None:
    answers = await asyncio.gather(*(client.post("/orders", json=ORDER) for _ in range(30)))

    assert Counter(answer.status_code for answer in answers) == {201: 30}


async def test_of_two_changes_to_one_version_one_wins(client: AsyncClient) -> None:
    order = (await client.post("/orders", json=ORDER)).json()

    answers = await asyncio.gather(
        *(
            client.patch(
                f"/orders/{order['id']}", json={"note": f"by {n}"}, headers={"if-match": '"1"'}
            )
            for n in range(8)
        )
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 7}
