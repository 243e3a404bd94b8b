"""The ledger in a live process, and after one that was killed."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import httpx2

from ..conftest import Database, Live
from .conftest import domain

ALICE, MERCHANT = (
    f"/accounts/{domain.account_id(owner, 'EUR')}" for owner in ("alice", "merchant")
)


@contextmanager
def calling(live: Live) -> Iterator[httpx2.Client]:
    bearer = {"authorization": f"Bearer {live.token()}"}
    with httpx2.Client(base_url=live.url, headers=bearer, timeout=30) as client:
        yield client


def opened(client: httpx2.Client, amount: int) -> None:
    client.post("/accounts", json={"owner": "alice", "currency": "EUR"}).raise_for_status()
    client.post(f"{ALICE}/deposits", json={"amount": amount}).raise_for_status()


def balance(client: httpx2.Client, place: str) -> int:
    return int(client.get(place).raise_for_status().json()["balance"])


def test_a_token_allows_what_it_was_asked_for(live: Live) -> None:
    reader = {"authorization": f"Bearer {live.token('--scope', 'ledger:read')}"}
    body: dict[str, Any] = {"owner": "bob", "currency": "EUR"}

    answer = httpx2.post(f"{live.url}/accounts", json=body, headers=reader)

    assert answer.status_code == 403


def until_killed(live: Live) -> list[str]:
    """The orders whose payment was taken, as far as the answers say, when the process died."""
    taken: list[str] = []
    enough = threading.Event()
    with calling(live) as client, ThreadPoolExecutor() as threads:

        def pay() -> None:
            with suppress(httpx2.TransportError):
                while True:
                    order = str(uuid4())
                    bill = {"customer": "alice", "amount": 7, "currency": "EUR"}
                    client.put(f"/payments/{order}", json=bill).raise_for_status()
                    taken.append(order)
                    if len(taken) >= 40:
                        enough.set()

        opened(client, 100_000)
        paying = [threads.submit(pay) for _ in range(4)]
        enough.wait(60)
        live.kill()
        for each in paying:
            each.result()
    return taken


def test_after_a_kill_no_cent_is_missing_and_what_was_answered_is_there(
    launch: Callable[..., Live], new_database: Database
) -> None:
    database = new_database()
    taken = until_killed(launch(database_url=database))

    again = launch(database_url=database)

    checks = [again.run("ledger", verb) for verb in ("verify", "replay")]
    assert [check.returncode for check in checks] == [0, 0], checks
    with calling(again) as client:
        statuses = {client.get(f"/payments/{order}").json()["status"] for order in taken}
        assert statuses == {"taken"}
        assert balance(client, ALICE) + balance(client, MERCHANT) == 100_000
        assert balance(client, MERCHANT) >= 7 * len(taken)
