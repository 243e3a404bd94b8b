"""Personal data: encrypted wherever it lies, and gone everywhere with its key."""

import subprocess
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlalchemy import make_url, text

from ..conftest import SERVER, Settings
from .conftest import balance, caught_up, open_account

pytestmark = pytest.mark.anyio

SECRETS = ("Wilhelmina Ottokar", "for the orchid house")


async def with_a_past(client: AsyncClient) -> str:
    name, memo = SECRETS
    place = await open_account(client, owner="willa", name=name)
    for number in range(3):
        await client.post(
            f"{place}/deposits",
            json={"amount": 100, "memo": memo},
            headers={"idempotency-key": f"{place}{number}"},
        )
    return place


def files(folder: Path) -> bytes:
    """Read by another process: if this one closed them, it would lose SQLite's locks on them."""
    return subprocess.check_output(["cat", *map(str, folder.iterdir())])


async def stored(app: FastAPI, settings: Settings) -> bytes:
    """All that is in the database, as bytes."""
    url = make_url(settings.database_url.get_secret_value())
    if SERVER is None:
        return files(Path(str(url.database)).parent)
    names = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    found = b""
    for row in await app.state.database.rows(text(names)):
        query = text(f'SELECT CAST(t AS text) AS line FROM "{row["table_name"]}" AS t')
        found += "\n".join(each["line"] for each in await app.state.database.rows(query)).encode()
    return found


async def test_what_was_erased_is_gone_everywhere_and_the_money_is_not(
    app: FastAPI, client: AsyncClient
) -> None:
    place = await with_a_past(client)
    await caught_up(app)
    before = (await client.get(place)).json()

    erased = await client.delete("/owners/willa/personal-data")

    read = (await client.get(place)).json()
    past = (await client.get(place, params={"version": 1})).json()
    listed = (await client.get("/accounts", params={"owner": "willa"})).json()["items"]
    history = (await client.get(f"{place}/history")).json()["items"]
    audit = await client.get("/audit")
    assert erased.status_code == 204
    assert (before["name"], before["erased"]) == (SECRETS[0], False)
    for account in (read, past, *listed):
        assert (account["name"], account["erased"]) == (None, True)
    assert [each["data"].get("memo", each["data"].get("name")) for each in history] == [None] * 4
    assert [each["erased"] for each in history] == [["name"], ["memo"], ["memo"], ["memo"]]
    assert await balance(client, place) == 300
    assert audit.json()["items"][0]["action"] == "personal_data_erased"
    for secret in SECRETS:
        assert secret not in audit.text


async def test_no_personal_data_is_written_in_plain_text(
    app: FastAPI, client: AsyncClient, settings: Settings
) -> None:
    place = await with_a_past(client)
    await client.post(f"{place}/withdrawals", json={"amount": 1, "memo": SECRETS[1]})
    await caught_up(app)

    content = await stored(app, settings)

    assert b"MoneyDeposited" in content
    for secret in SECRETS:
        assert secret.encode() not in content


async def test_erasing_twice_is_erasing_once(client: AsyncClient) -> None:
    await with_a_past(client)

    answers = [await client.delete("/owners/willa/personal-data") for _ in range(2)]
    audit = (await client.get("/audit")).json()["items"]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert [each["action"] for each in audit] == ["personal_data_erased"]


async def test_of_an_owner_nobody_knows_nothing_is_erased(client: AsyncClient) -> None:
    answer = await client.delete("/owners/nobody/personal-data")

    assert answer.status_code == 404


async def test_what_comes_after_the_erasure_is_not_kept(client: AsyncClient) -> None:
    place = await with_a_past(client)
    await client.delete("/owners/willa/personal-data")

    await client.post(f"{place}/deposits", json={"amount": 1, "memo": SECRETS[1]})
    last = (await client.get(f"{place}/history")).json()["items"][-1]

    assert (last["data"], last["erased"]) == ({"amount": 1, "memo": None}, ["memo"])


async def test_only_the_owner_in_question_is_forgotten(client: AsyncClient) -> None:
    place = await open_account(client, owner="other", name="Ottilie")
    await with_a_past(client)

    await client.delete("/owners/willa/personal-data")

    assert (await client.get(place)).json()["name"] == "Ottilie"


@pytest.mark.skipif(SERVER is not None, reason="only SQLite has its file here")
async def test_the_key_of_what_was_erased_is_not_left_in_the_file(
    app: FastAPI, client: AsyncClient, settings: Settings
) -> None:
    await with_a_past(client)
    (row,) = await app.state.database.rows(text("SELECT sealed FROM event_store_keys"))
    key, before = bytes(row["sealed"]), await stored(app, settings)

    await client.delete("/owners/willa/personal-data")
    async with app.state.database.writer.connect() as connection:
        driver = await connection.get_raw_connection()
        await driver.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    assert key in before
    assert key not in await stored(app, settings)
