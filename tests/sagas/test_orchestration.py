"""Checkout, stock and ledger over HTTP: money and stock add up, whatever happens to whom."""

import os
import random
import time
from collections.abc import Callable

import pytest

from tests.support.drills import wait

from .books import CheckoutBooks
from .chaos import killed_at_random, patiently_ordered
from .conftest import Shop, fast_clock

NAMES = ("checkout", "checkout-too", "stock", "ledger")
SEED = os.environ.get("MSGEN_SOAK", "11")
SAGAS = 1000 if "MSGEN_SOAK" in os.environ else 60
PAUSE_SECONDS = 0.15
SETTLE_SECONDS = 180


@pytest.fixture(scope="module")
def books(shop: Shop) -> CheckoutBooks:
    """Two instances of the orchestrator; the clock of the stock is fast.

    By no more than tokens allow: they are good for a minute.
    """
    shop.open("stock", environment=fast_clock("+20s"))
    shop.open("ledger")
    shop.open(
        "checkout",
        STOCK_URL=shop.running["stock"].url,
        PAYMENTS_URL=shop.running["ledger"].url,
    )
    shop.beside("checkout", "checkout-too")
    books = CheckoutBooks(shop)
    books.deliver("TEA-1", 100_000)
    books.deliver("RARE-1", 5)
    books.deposit("rich", 1_000_000_000)
    books.deposit("poor", 0)
    return books


def settled(books: CheckoutBooks) -> None:
    wait(lambda: not books.unsettled(), SETTLE_SECONDS)


def test_a_checkout_is_confirmed_or_undone(books: CheckoutBooks) -> None:
    paid = books.order("rich", "TEA-1", 2)
    declined = books.order("poor", "TEA-1", 2)
    short = books.order("rich", "RARE-1", 6)

    settled(books)

    states = books.states()
    assert (states[paid][0], states[paid][2]) == ("confirmed", "taken")
    assert states[declined][:2] == ("rejected", "released")
    assert states[short][0] == "rejected"
    books.check()


@pytest.mark.parametrize("name", ["stock", "ledger"])
def test_a_participant_that_is_away_for_a_moment_is_waited_for(
    books: CheckoutBooks, name: str
) -> None:
    books.shop.kill(name)
    orders = [books.order("rich", "TEA-1", 1) for _ in range(3)]

    time.sleep(1)
    books.shop.again(name)
    settled(books)

    assert {books.states()[order][0] for order in orders} == {"confirmed"}
    books.check()


def test_checkouts_of_an_instance_that_dies_are_taken_over(books: CheckoutBooks) -> None:
    books.shop.kill("stock")
    orders = [books.order("rich", "TEA-1", 1) for _ in range(4)]
    books.shop.kill("checkout")

    books.shop.again("stock")
    settled(books)
    books.shop.again("checkout")

    assert {books.states()[order][0] for order in orders} == {"confirmed"}
    books.check()


def test_checkouts_add_up_although_processes_die(
    books: CheckoutBooks, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(SEED)

    with killed_at_random(books.shop, NAMES, chance) as killed:
        for _ in range(SAGAS):
            customer = chance.choice(["rich", "rich", "poor"])
            sku = chance.choice(["TEA-1", "TEA-1", "TEA-1", "RARE-1"])
            patiently_ordered(books, customer, sku, chance.randint(1, 3))
            time.sleep(PAUSE_SECONDS)
    settled(books)

    outcomes = books.check()
    assert sum(outcomes.values()) >= SAGAS
    assert len(killed) >= 3
    record_property("outcomes", {str(state): count for state, count in outcomes.items()})
    record_property("kills", len(killed))
