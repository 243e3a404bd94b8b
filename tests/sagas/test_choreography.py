"""Orders, stock and ledger by events alone: money and stock add up, whatever happens."""

import os
import random
import time
from collections.abc import Callable

import pytest

from tests.support.drills import wait

from .books import Books
from .chaos import doubles, killed_at_random, patiently_ordered
from .conftest import Shop, fast_clock

SEED = os.environ.get("MSGEN_SOAK", "7")
NAMES = ("orders", "stock", "ledger")
SAGAS = 1000 if "MSGEN_SOAK" in os.environ else 80
PAUSE_SECONDS = 0.15
SETTLE_SECONDS = 180


@pytest.fixture(scope="module")
def books(shop: Shop) -> Books:
    """A shop that is open: the clock of its stock is half an hour fast."""
    shop.open("orders")
    shop.open("stock", environment=fast_clock("+30m"))
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

    with (
        doubles(books.shop, SEED) as doubled,
        killed_at_random(books.shop, NAMES, chance) as killed,
    ):
        for _ in range(SAGAS):
            customer = chance.choice(["rich", "rich", "poor"])
            sku = chance.choice(["TEA-1", "TEA-1", "TEA-1", "RARE-1"])
            patiently_ordered(books, customer, sku, chance.randint(1, 3))
            time.sleep(PAUSE_SECONDS)
    settled(books)

    outcomes = books.check()
    assert sum(outcomes.values()) >= SAGAS
    assert len(killed) >= 3
    assert len(doubled.read_text().splitlines()) >= SAGAS // 4
    record_property("outcomes", {str(state): count for state, count in outcomes.items()})
    record_property("kills", len(killed))
