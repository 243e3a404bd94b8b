"""Orders, stock and ledger by events alone: money and stock add up, whatever happens."""

import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from tests.support.drills import wait
from tests.support.servers import unavailable

from .books import Books
from .conftest import HERE, Shop

SEED = os.environ.get("MSGEN_SOAK", "7")
SAGAS = 1000 if "MSGEN_SOAK" in os.environ else 80
PAUSE_SECONDS = 0.15
SETTLE_SECONDS = 180
TOPICS = ("orders", "stock", "payments")
CLOCK = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@pytest.fixture(scope="module")
def books(shop: Shop) -> Books:
    """A shop that is open: the clock of its stock is half an hour fast."""
    if CLOCK is None:
        unavailable("`libfaketime.so.1` is missing: `apt-get install faketime`")
    fast = {"LD_PRELOAD": str(CLOCK), "FAKETIME": "+30m", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    shop.open("orders")
    shop.open("stock", environment=fast)
    shop.open("ledger")
    books = Books(shop)
    books.deliver("TEA-1", 100_000)
    books.deliver("RARE-1", 5)
    books.deposit("rich", 1_000_000_000)
    books.deposit("poor", 0)
    return books


def settled(books: Books) -> None:
    wait(lambda: not books.unsettled(), SETTLE_SECONDS)


def test_an_order_that_can_be_paid_is_confirmed(books: Books) -> None:
    order = books.order("rich", "TEA-1", 2)

    settled(books)

    assert books.states()[order] == ("placed", "confirmed", "taken")
    books.check()


def test_an_order_that_cannot_be_paid_gives_its_stock_back(books: Books) -> None:
    order = books.order("poor", "TEA-1", 2)

    settled(books)

    assert books.states()[order][:2] == ("cancelled", "released")
    books.check()


def test_an_order_without_stock_is_never_paid(books: Books) -> None:
    order = books.order("rich", "RARE-1", 6)

    settled(books)

    assert books.states()[order][:2] == ("cancelled", "refused")
    books.check()


@pytest.mark.parametrize("name", ["stock", "ledger"])
def test_a_participant_that_is_away_is_waited_for(books: Books, name: str) -> None:
    books.shop.kill(name)
    orders = [books.order(customer, "TEA-1", 1) for customer in ("rich", "poor") * 3]

    time.sleep(2)
    books.shop.again(name)
    settled(books)

    states = [books.states()[order][0] for order in orders]
    assert states == ["placed", "cancelled"] * 3
    books.check()


def test_a_broker_that_is_killed_and_comes_back_loses_nothing(books: Books) -> None:
    if books.shop.broker is None:
        pytest.skip("the embedded bus is a file: there is nothing to restart")
    orders = [books.order("rich", "TEA-1", 1) for _ in range(5)]

    books.shop.broker.kill()
    orders += [books.order("rich", "TEA-1", 1) for _ in range(5)]
    books.shop.broker.start()
    settled(books)

    assert {books.states()[order] for order in orders} == {("placed", "confirmed", "taken")}
    books.check()


def test_sagas_add_up_although_processes_die_and_events_come_twice(
    books: Books, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(SEED)

    with _doubles(books.shop) as doubles, _killed_at_random(books.shop, chance) as killed:
        for _ in range(SAGAS):
            customer = chance.choice(["rich", "rich", "poor"])
            sku = chance.choice(["TEA-1", "TEA-1", "TEA-1", "RARE-1"])
            _patiently_ordered(books, customer, sku, chance.randint(1, 3))
            time.sleep(PAUSE_SECONDS)
    settled(books)

    outcomes = books.check()
    assert sum(outcomes.values()) >= SAGAS
    assert len(killed) >= 3
    assert len(doubles.read_text().splitlines()) >= SAGAS // 4
    record_property("outcomes", {str(state): count for state, count in outcomes.items()})
    record_property("kills", len(killed))


def _patiently_ordered(books: Books, customer: str, sku: str, quantity: int) -> None:
    """The orders service may be among the dead: its caller tries again."""
    deadline, key = time.monotonic() + 60, str(uuid4())
    while True:
        try:
            books.order(customer, sku, quantity, key=key)
        except httpx2.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


@contextmanager
def _killed_at_random(shop: Shop, chance: random.Random) -> Iterator[list[str]]:
    """Every second or so one of the services is killed, and started again."""
    over, killed = threading.Event(), []

    def kill() -> None:
        while not over.wait(chance.uniform(0.2, 1.5)):
            name = chance.choice(["orders", "stock", "ledger"])
            shop.kill(name)
            killed.append(name)
            shop.again(name)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


@contextmanager
def _doubles(shop: Shop) -> Iterator[Path]:
    """Some of the events come twice; where it is written which."""
    orders = shop.running["orders"]
    script = orders.service.path / "doubles.py"
    script.write_text((HERE / "doubles.txt").read_text())
    said = shop.folder / "doubles.log"
    command = [orders.service.path / ".venv/bin/python", script, *TOPICS, "0.3", SEED]
    with said.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=orders.service.path, env=orders.variables(), stdout=output
        )
        try:
            yield said
        finally:
            process.terminate()
            process.wait(20)
