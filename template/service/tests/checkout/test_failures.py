"""Participants that are away, slow or confused."""

from collections.abc import Callable

import pytest

from ..conftest import Database
from .conftest import Shop, happened
from .participants import World


@pytest.fixture(scope="module")
def shop(open_shop: Callable[..., Shop]) -> Shop:
    return open_shop(sagas_step_seconds="1.5")


def test_an_outage_is_waited_out(shop: Shop, world: World, article: str) -> None:
    world.faults[f"PUT payments {article}"] = [503, 500, "lost", 404]

    found = shop.until(checkout := shop.place(article))

    assert found["state"] == "confirmed"
    assert found["steps"][1]["attempts"] == 5
    assert found["steps"][1]["error"] == "a service that this needs refused it (404)"
    world.check(checkout, "confirmed")


def test_an_outage_that_lasts_is_compensated(shop: Shop, world: World, article: str) -> None:
    world.faults[f"PUT payments {article}"] = [503] * 1000

    found = shop.until(checkout := shop.place(article))

    assert found["state"] == "rejected"
    assert found["reason"].startswith("take_payment: ")
    assert happened(found)[1:] == [
        "do take_payment expired",
        "undo take_payment done",
        "undo reserve_stock done",
    ]
    world.check(checkout, "rejected")


def test_what_may_have_been_done_is_undone(shop: Shop, world: World, article: str) -> None:
    """Done, and never answered: the worst that a participant can do."""
    world.faults[f"PUT payments {article}"] = ["lost"] * 1000

    found = shop.until(checkout := shop.place(article))

    assert found["state"] == "rejected"
    assert (world.done["payments", checkout], world.undone["payments", checkout]) == (1, 1)
    world.check(checkout, "rejected")


def test_a_request_that_arrives_after_its_compensation_does_nothing(
    shop: Shop, world: World, article: str
) -> None:
    gate = world.gate("PUT payments", article)
    world.faults[f"PUT payments {article}"] = ["", *[503] * 1000]
    checkout = shop.place(article)
    gate.came.wait(5)
    shop.until(checkout)

    gate.opened.set()

    assert world.done["payments", checkout] == 0
    world.check(checkout, "rejected")


def test_a_compensation_is_tried_until_it_succeeds(shop: Shop, world: World, article: str) -> None:
    world.refusing[sku := f"{article}-PAYMENTS"] = "Insufficient funds"
    world.faults[f"DELETE reservations {sku}"] = [500] * 1000
    stuck = shop.until(checkout := shop.place(sku), "stuck")

    del world.faults[f"DELETE reservations {sku}"]
    found = shop.until(checkout)

    assert stuck["steps"][-1]["error"] == "a service that this needs failed"
    assert (found["state"], happened(found)[-1]) == ("rejected", "undo reserve_stock done")
    world.check(checkout, "rejected")


def test_who_operates_need_not_wait_for_the_next_attempt(
    open_shop: Callable[..., Shop], new_database: Database, world: World, article: str
) -> None:
    shop = open_shop(sagas_pause_seconds="60", database_url=new_database())
    world.refusing[sku := f"{article}-PAYMENTS"] = "Insufficient funds"
    world.faults[f"DELETE reservations {sku}"] = [500] * 1000
    checkout = shop.place(sku)
    world.wait_for(lambda: world.calls_of(checkout).count("DELETE reservations") >= 5)

    del world.faults[f"DELETE reservations {sku}"]
    told = shop.wish(checkout, "resume")

    assert told == 202
    assert shop.until(checkout, seconds=1)["state"] == "rejected"
