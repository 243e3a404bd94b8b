"""Whatever is done: what is stored, replayed, listed and remembered of old is one and the same."""

import subprocess
import sys
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from ..conftest import PACKAGE, PREFIX, Settings
from .conftest import balance, caught_up, open_account

pytestmark = pytest.mark.anyio

Run = Callable[..., subprocess.CompletedProcess[str]]
STEPS = st.lists(
    st.tuples(st.sampled_from(("deposits", "withdrawals", "pay", "refund")), st.integers(1, 500)),
    min_size=1,
    max_size=12,
)


@pytest.fixture
def run(settings: Settings, app: FastAPI) -> Run:  # noqa: ARG001 - whose tables are emptied
    """`ledger …`, on the database of the application."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        given = {
            "DATABASE_URL": settings.database_url.get_secret_value(),
            "DEV_KEY_FILE": str(settings.dev_key_file),
        }
        return subprocess.run(
            [sys.executable, "-m", PACKAGE, "ledger", *arguments],
            env={f"{PREFIX}{name}": value for name, value in given.items()},
            capture_output=True,
            text=True,
        )

    return run


async def act(client: AsyncClient, place: str, owner: str, step: tuple[str, int]) -> None:
    kind, amount = step
    order = UUID(int=amount % 3 + abs(hash(owner)))
    if kind == "pay":
        bill = {"customer": owner, "amount": amount, "currency": "EUR"}
        await client.put(f"/payments/{order}", json=bill)
    elif kind == "refund":
        await client.delete(f"/payments/{order}")
    else:
        await client.post(f"{place}/{kind}", json={"amount": amount})


@given(steps=STEPS)
@rules(
    max_examples=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_every_way_to_ask_gives_the_same_answer(
    app: FastAPI, client: AsyncClient, steps: list[tuple[str, int]]
) -> None:
    owner = f"owner-{uuid4().hex}"
    place = await open_account(client, owner=owner)
    balances = [0]
    for step in steps:
        await act(client, place, owner, step)
        history = (await client.get(f"{place}/history", params={"limit": 1000})).json()["items"]
        balances += [await balance(client, place)] * (len(history) - len(balances))

    await caught_up(app)
    listed = (await client.get("/accounts", params={"owner": owner})).json()["items"]
    read = (await client.get(place)).json()
    by_version = [
        await balance(client, place, version=version + 1) for version in range(len(balances))
    ]
    by_time = [await balance(client, place, at=each["at"]) for each in history]

    assert listed == [read]
    assert read["balance"] == balances[-1] >= 0
    assert by_version == by_time == balances


async def test_all_that_is_kept_can_be_made_again(
    app: FastAPI, client: AsyncClient, run: Run
) -> None:
    await open_account(client, owner="alice", balance=1000)
    for _ in range(3):
        bill = {"customer": "alice", "amount": 100, "currency": "EUR"}
        await client.put(f"/payments/{uuid4()}", json=bill)
    await caught_up(app)

    replayed, verified = run("replay"), run("verify")

    assert (replayed.returncode, verified.returncode) == (0, 0), replayed.stderr
    assert replayed.stdout.startswith("12 events in 5 streams, 2 accounts in the list, 0 problems")
    assert verified.stdout.startswith("12 events in 5 streams, 0 problems")


async def test_the_commands_show_and_rebuild(app: FastAPI, client: AsyncClient, run: Run) -> None:
    place = await open_account(client, owner="alice", name="Alice Adams", balance=1000)
    await caught_up(app)
    before = (await client.get("/accounts")).json()

    rebuilt, unknown = run("rebuild", "accounts"), run("rebuild", "acounts")
    shown, history = run("projections"), run("history", place.rpartition("/")[2])

    assert rebuilt.returncode == 0, rebuilt.stderr
    assert (unknown.returncode, unknown.stderr.count("`accounts`")) == (1, 1)
    assert "generation 2" in shown.stdout
    assert "up to date" in shown.stdout
    assert [line.split()[4] for line in history.stdout.splitlines()] == [
        "AccountOpened",
        "MoneyDeposited",
    ]
    assert "Alice Adams" in history.stdout
    assert (await client.get("/accounts")).json() == before


async def test_personal_data_can_be_erased_by_command(client: AsyncClient, run: Run) -> None:
    place = await open_account(client, owner="alice", name="Alice Adams")

    erased, nobody = run("erase", "alice"), run("erase", "nobody")
    resealed = run("reseal")

    assert erased.returncode == 0, erased.stderr
    assert (nobody.returncode, "Traceback" in nobody.stderr) == (1, False)
    assert resealed.stdout == "Sealed 0 keys anew\n"
    assert (await client.get(place)).json()["erased"] is True
