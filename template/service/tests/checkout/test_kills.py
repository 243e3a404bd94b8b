"""`kill -9` at every boundary and at random: every saga ends, each effect once."""

import os
import random
import time
from collections.abc import Callable

import pytest

from ..conftest import PREFIX
from .conftest import ENDED, LARGE, Shop
from .participants import Gate, World

# How often an instance is killed at random; `soak` runs set more.
KILLS = int(os.environ.get(f"{PREFIX}TEST_KILLS", "3"))
CALLS = ("PUT reservations", "PUT payments", "DELETE payments", "DELETE reservations")
BOUNDARIES = [(call, after) for call in CALLS for after in (False, True)]


def stands_at(shop: Shop, world: World, call: str, *, after: bool) -> tuple[str, Gate]:
    """A checkout whose saga stands before or after the effect of a call, and what holds it."""
    backwards = call.startswith("DELETE")
    sku = f"AT-{BOUNDARIES.index((call, after))}-{time.monotonic_ns() % 10**9}"
    gate = world.gate(call, sku, after=after)
    checkout = shop.place(sku, price=LARGE if backwards else 450)
    if backwards:
        shop.until(checkout, "waiting_for_approval")
        shop.wish(checkout, "decline")
    assert gate.came.wait(10)
    return checkout, gate


def test_a_survivor_takes_over_wherever_the_dead_one_stood(
    open_shop: Callable[..., Shop], world: World
) -> None:
    """Also where what the dead one had sent arrives later than what the survivor sends."""
    dying = open_shop(call_attempt_seconds="30", call_seconds="30")
    held = {
        boundary: stands_at(dying, world, boundary[0], after=boundary[1]) for boundary in BOUNDARIES
    }
    waiting = dying.place(price=LARGE)
    dying.until(waiting, "waiting_for_approval")
    survivor = open_shop()

    dying.live.kill()
    began = time.monotonic()
    ended = {place: survivor.until(checkout) for place, (checkout, _) in held.items()}
    took = time.monotonic() - began
    for _, gate in held.values():
        gate.opened.set()
    survivor.wish(waiting, "approve")

    for (call, _), found in ended.items():
        assert found["state"] == ("confirmed" if call.startswith("PUT") else "rejected")
        world.check(found["id"], found["state"])
    assert survivor.until(waiting)["state"] == "confirmed"
    assert took < 8, took  # dead after one second here, and ten by default
    survivor.live.kill()


def test_an_instance_that_stops_leaves_its_sagas_at_once(
    open_shop: Callable[..., Shop], world: World, article: str
) -> None:
    gate = world.gate("PUT payments", article)
    leaving, staying = open_shop(), open_shop(sagas_dead_seconds="600")
    placed = [leaving.place(article), *(leaving.place(price=LARGE) for _ in range(5))]
    gate.came.wait(5)

    assert leaving.live.stop() in (0, -15)
    gate.opened.set()

    for checkout in placed[1:]:
        staying.until(checkout, "waiting_for_approval", seconds=5)
    assert staying.until(placed[0])["state"] == "confirmed"
    assert "Traceback" not in leaving.live.log.read_text()
    staying.live.kill()


def test_a_saga_whose_start_was_lost_is_started(
    open_shop: Callable[..., Shop], world: World
) -> None:
    """Killed between the commit of the request and all that comes after it."""
    shop = open_shop()
    placed = [shop.place() for _ in range(30)]
    shop.live.kill()
    restarted = open_shop()

    states = {restarted.until(checkout, seconds=30)["state"] for checkout in placed}

    assert states == {"confirmed"}
    for checkout in placed:
        world.check(checkout, "confirmed")
    restarted.live.kill()


def test_killed_at_random_every_saga_ends(open_shop: Callable[..., Shop], world: World) -> None:
    seed = int(os.environ.get(f"{PREFIX}TEST_SEED", "7"))
    chance = random.Random(seed)
    world.refusing["NONE-RESERVATIONS"] = "Out of stock"
    world.refusing["POOR-PAYMENTS"] = "Insufficient funds"
    shops = [open_shop(), open_shop()]
    world.chance = 0.1
    placed: list[str] = []

    for _ in range(KILLS):
        ends = time.monotonic() + chance.uniform(0.3, 1.5)
        while time.monotonic() < ends:
            sku = chance.choice(["TEA-1", "TEA-1", "NONE-RESERVATIONS", "POOR-PAYMENTS"])
            price = chance.choice([450, 450, LARGE])
            placed.append(chance.choice(shops).place(sku, price))
            time.sleep(chance.uniform(0, 0.05))
        dead = shops.pop(chance.randrange(2))
        dead.live.kill()
        shops.append(open_shop())
    world.chance = 0.0
    ended = [decided(shops[0], checkout, chance) for checkout in placed]

    assert {state for _, state in ended} <= set(ENDED)
    for checkout, state in ended:
        world.check(checkout, state)
    for shop in shops:
        shop.live.kill()


def decided(shop: Shop, checkout: str, chance: random.Random) -> tuple[str, str]:
    """To the end of a checkout, and through its approval."""
    found = shop.until(checkout, "waiting_for_approval", *ENDED, seconds=60)
    if found["state"] == "waiting_for_approval":
        assert shop.wish(checkout, chance.choice(["approve", "decline", "cancel"])) == 202
        found = shop.until(checkout, seconds=60)
    return checkout, found["state"]


@pytest.fixture(autouse=True)
def _calm(world: World) -> None:
    world.chance = 0.0
